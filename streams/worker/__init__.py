"""The worker: stages over Kafka, with one transaction a commit and shard.

The way of a record: `transport` (Faust fetches a batch) -> `app` (one agent a stage) -> `shards` (which shard is it?)
-> `runner` (one task a shard), which queues it in `inbox`, folds it by `folding`, decides by `pace` when to commit, and
commits through `outbox`. `handover` passes what was committed straight to a shard that reads it in the same worker.

`opening` takes a shard over and restores it. `wiring` says which stage and which reader serve which topic. `main`
starts and ends the process, with `ending` as the last resort; `health` and `metrics` tell how it is. `allocator`,
`event_loop`, `interpreter` and `pages` set up the process.
"""
