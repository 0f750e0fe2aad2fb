"""Turns: when a condition of a customer last turned, in event time, whichever drift was worked off first.

Obligations are worked off one after the other, each through all instants that are decided, so of two drifts the one
that opened later may be told of first. So the newest instants at which drifts opened and closed are kept with the
process, and since when it stands so is worked out from them. What opened and closed at one instant, as a drift that
late evidence took back, never turned it."""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import Instant

KEPT = 32
"""Instants of a condition; what comes of before all of them counts as it comes."""


class Turns(NamedTuple):
    since: Instant | None = None
    """When it turned last before those; None: it never did."""
    instants: tuple[tuple[Instant, int], ...] = ()
    """In their order, by how many more are open from then on."""

    def with_one(self, at: Instant, by: int, number: int) -> Turns:
        """`number`: how many are open, this one included."""
        changes = dict(self.instants)
        changes[at] = changes.get(at, 0) + by
        instants = tuple(sorted((instant, change) for instant, change in changes.items() if change))
        return self._replace(instants=instants)._folded(number)

    def last(self, number: int) -> Instant | None:
        """When it turned last; None: it never did."""
        since, before = self.since, self._before(number)
        for at, change in self.instants:
            since = at if _turns(before, change) else since
            before += change
        return since

    def _before(self, number: int) -> int:
        return number - sum(change for _, change in self.instants)

    def _folded(self, number: int) -> Turns:
        if len(self.instants) <= KEPT:
            return self
        (at, change), *rest = self.instants
        return Turns(at if _turns(self._before(number), change) else self.since, tuple(rest))


def _turns(before: int, change: int) -> bool:
    return (before > 0) != (before + change > 0)
