"""`driftwise bench recovery`: how fast a changelog is restored, how long a restart takes, how long verdicts stand still
when one of two workers is killed."""

from streams.bench.recovery.deployment import SCENARIOS
from streams.bench.recovery.run import run

TAKES = tuple(SCENARIOS)
__all__ = ["TAKES", "run"]
