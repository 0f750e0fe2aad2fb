"""Benchmarks: figures of ours beside those of peers, measured in one run on one machine (contracts 12).

`driftwise bench NAME` runs them; `table` says which there are."""
