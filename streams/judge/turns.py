"""Turns: when a condition of a customer last turned, in event time, in whatever order drifts are told.

Obligations are settled one after the other, each through all its decided instants, so of two drifts the later one may
be told first. So the newest instants at which drifts opened and closed are kept with the process, and the last turn is
worked out from them. A drift that opened and closed at one instant, as a retracted one does, turned nothing."""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import Instant

KEPT = 32
"""Most instants of a condition. An older one counts when it comes."""


class Turns(NamedTuple):
    since: Instant | None = None
    """When it last turned before those instants; None: it never did."""
    instants: tuple[tuple[Instant, int], ...] = ()
    """In order: (instant, by how many the number of open drifts changes)."""

    def with_one(self, at: Instant, by: int, number: int) -> Turns:
        """The turns with one opening or closing added. `number`: how many drifts are open after it."""
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
