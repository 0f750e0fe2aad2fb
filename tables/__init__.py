"""What a stage remembers: its state, the order in which it is due, and how both survive.

- `view`: state as a stage sees it, and the workspace of one step. `versions`, `watermarks`: the two values with rules
  of their own. `deadlines`: the index of what is due when. These are pure.
- `state`: a write-back cache (`recent`) over RocksDB. `staged`: the same in memory, for tests and `backtest`.
- `changelog`, `replica`, `recovery`, `standby`: a store follows its changelog topic, at a restart or as a warm copy.
  `broken` tells damage, which a restore mends, from a full disk, which it does not.
"""
