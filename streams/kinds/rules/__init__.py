"""One module a kind: its row `KIND`, and the predicate that the row names. `streams.kinds.table` finds them."""
