"""Where a replay begins when retention took the beginning of its input: at a commit whose state the changelog tells.

A compacted changelog does not hold old states. Compaction takes a record away once a later one under its key lies in
the part that it cleaned; what is written behind that part is all there. A progress record ends every commit, under one
key: where one is still held that is not the newest, the next lies behind the cleaned part. So from that next one on the
changelog tells the state of every commit; and that of the last one in any case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from schemas.instants import Instant, seconds
from streams.governance.model import Governance
from streams.shard import State
from tables.view import Value, Writes

Positions = Mapping[str, int]
CLOCKS_APART_SECONDS = 1.0
"""Between hosts of workers: the clock of the one that writes a record says when it was produced."""
_BATCH = 5_000


class Start(NamedTuple):
    """A shard as of one of its commits."""

    state: State
    positions: Positions
    at: Instant | None = None
    """When its progress record was produced; None: before all commits."""
    touched: State | None = None
    """Keys that were written since; None: all."""


def clocks_apart(governance: Governance) -> Instant:
    """By how much the clocks of workers and sources may differ."""
    return seconds(CLOCKS_APART_SECONDS) + governance.skew(tuple(governance.systems))


class Search:
    """Reads a changelog along, for the last commit up to `until` from which the input can still be read; where none is
    so early, for the first such commit."""

    def __init__(
        self, reached: Callable[[Positions], bool], until: Instant | None, state: State, touched: State
    ) -> None:
        self.found: Start | None = None
        self._reached, self._until, self._state, self._touched = reached, until, state, touched
        self._commits = 0
        self._settled = False
        self._waiting: Writes = {}

    def write(self, key: str, value: Value | None) -> None:
        self._waiting[key] = value
        if len(self._waiting) >= _BATCH and (self._settled or self.found is None):
            self._pass_on()

    def commit(self, positions: Positions, at: Instant) -> None:
        self._settled = self._settled or (self._is_good() and not self._is_early(at))
        self._pass_on()
        self._commits += 1
        if not self._settled and self._reached(positions):
            self.found = Start(self._state, positions, at, self._touched)

    def end(self) -> None:
        self._pass_on()

    def _is_good(self) -> bool:
        """The first commit that is held may have lost what later ones wrote anew."""
        return self.found is not None and self._commits > 1

    def _is_early(self, at: Instant) -> bool:
        return self._until is not None and at <= self._until

    def _pass_on(self) -> None:
        writes, self._waiting = self._waiting, {}
        if self._settled:
            self._touched.apply({key: {} for key in writes})
        else:
            self._state.apply(writes)
