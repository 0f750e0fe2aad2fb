"""`driftwise backtest` beside pm4py's streaming conformance checkers, on one order log.

In reading order: `orders` (the cases, and how some of them deviate), `log` (the log as each side reads it), `ours` and
`pm4py_checker` (one run each, in a process of its own), `verdicts` (who noticed what), `run` (rounds and figures)."""

from streams.bench.backtest.run import CONTESTANTS, run

TAKES = tuple(CONTESTANTS)
__all__ = ["TAKES", "run"]
