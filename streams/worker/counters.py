"""Plain numbers that a runner counts. Metrics are made from them at a scrape, not on the hot path."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field

SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LONG = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Buckets:
    """A histogram: counts by upper bound, in seconds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    def observe_all(self, seconds: list[float]) -> None:
        """Many at once, which costs one sort."""
        seconds.sort()
        below = 0
        for place, bound in enumerate(self.bounds):
            upto = bisect_right(seconds, bound, below)
            self.counts[place] += upto - below
            below = upto
        self.counts[-1] += len(seconds) - below
        self.sum += sum(seconds)

    def cumulative(self) -> list[tuple[str, float]]:
        found, total = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            total += count
            found.append((bound, float(total)))
        return found


@dataclass
class Counters:
    records: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    drifts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind, state) -> transitions."""
    batch_seconds: Buckets = field(default_factory=lambda: Buckets(SHORT))
    commit_seconds: Buckets = field(default_factory=lambda: Buckets(SHORT))
    latency_seconds: Buckets = field(default_factory=lambda: Buckets(LONG))
