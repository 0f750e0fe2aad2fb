"""The topology over recorded canonical changes, without broker, connectors or clock.

In reading order: `lines` (one line of a log), `log` (all of them, and what the log is like), `order` (disorder within a
width), `canonical` (every system speaks the canonical model), `pipeline` (the stages in a row), `stores` (their state),
`run` (the clock that moves with the lines), `findings` and `report` (what came of it)."""
