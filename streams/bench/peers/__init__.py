"""The peers of the join job, each as its own documentation recommends. They are programs, not modules: every one runs
in a process, and the Python ones in an environment, of their own."""
