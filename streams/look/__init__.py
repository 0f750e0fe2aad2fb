"""Looking at a running deployment: readers of its topics, and what they mean to a person. Nothing here judges anew.

`read` reads topics to their end; `progress`, `changelog`, `customers` make state of what was read; `drifts`, `sources`,
`health`, `why` (with `answers`) and `letters` answer the questions; `shown` prints the answers."""
