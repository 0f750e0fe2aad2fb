"""The deadline index: which entries of the state wait at which gate, ordered by due time. It is kept in memory.

It is derived from the state, so it is not in the changelog. A copy lies in the store beside the state, one small record
for each waiting entry, written in the same batches. So a restart reads only what waits, not the whole state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import orjson
from sortedcontainers import SortedSet

from schemas.instants import Instant
from tables.view import Value

Gate = tuple[str, ...]
Wake = tuple[Gate, Instant]
WakeOf = Callable[[str, Value | None], Wake | None]
"""(key, value) of an entry -> the gate that it waits at and when it is due; None: it does not wait."""
LAST: Gate = ("~last", "")
"""A gate whose entries are due one at a time, and only once nothing else is due. A stage names it last."""
COPY = b"~waits/"
"""Prefix of the copy's records in the store; what follows is the key of the entry that waits."""
COMPLETE = b"~waits2"
"""Present once the copy is complete; a store of an earlier release has none."""


class Waits(Protocol):
    """A stage, which knows what of its state waits."""

    waits_under: tuple[str, ...]
    """Key prefixes of the entries that may wait."""

    def wake(self, key: str, value: Value | None) -> Wake | None: ...


class Deadlines:
    def __init__(self) -> None:
        self._waiting: dict[Gate, SortedSet[tuple[Instant, str]]] = {}
        self._place: dict[str, Wake] = {}
        self._changed: set[str] = set()
        self.moves = 0
        """Counts every change of the index, so that others can tell whether it has changed."""

    @classmethod
    def stored(cls, copy: Iterable[tuple[bytes, bytes]]) -> Deadlines:
        """The index as of the last commit, read from its copy in the store."""
        found = cls()
        for key, data in copy:
            *gate, instant = orjson.loads(data)
            found.put(key.removeprefix(COPY).decode(), (tuple(gate), instant))
        found._changed.clear()
        return found

    @classmethod
    def found(cls, entries: Iterable[tuple[str, Value]], wake: WakeOf) -> Deadlines:
        """The index of a whole state, worked out from each of its entries."""
        found = cls()
        for key, value in entries:
            found.put(key, wake(key, value))
        return found

    def put(self, key: str, wake: Wake | None) -> None:
        """The entry waits there from now on; None: nowhere."""
        old = self._place.get(key)
        if old == wake:
            return
        self._changed.add(key)
        self.moves += 1
        if old is not None:
            del self._place[key]
            self._leave(key, *old)
        if wake is not None:
            self._place[key] = wake
            if wake[0] not in self._waiting:
                self._waiting[wake[0]] = SortedSet()
            self._waiting[wake[0]].add((wake[1], key))

    def _leave(self, key: str, gate: Gate, instant: Instant) -> None:
        waiting = self._waiting[gate]
        waiting.discard((instant, key))
        if not waiting:
            del self._waiting[gate]

    def gate(self, key: str) -> Gate | None:
        """Where the entry waits."""
        wake = self._place.get(key)
        return None if wake is None else wake[0]

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Changes since the last call, as records for the copy. They belong to the batch of the next commit."""
        changed, self._changed = self._changed, set()
        return [(COPY + key.encode(), _record(self._place.get(key))) for key in changed]

    def awaited(self, gates: Iterable[Gate]) -> list[Gate]:
        """Those of the gates at which anything waits."""
        return [gate for gate in gates if gate in self._waiting]

    def due(self, gate: Gate, until: Instant, limit: int) -> list[str]:
        """The first keys that are due, in the order (due, key)."""
        waiting = self._waiting.get(gate)
        if not waiting or waiting[0][0] > until:  # most often: nothing has come yet
            return []
        found: list[str] = []
        for instant, key in waiting:
            if instant > until or len(found) == limit:
                break
            found.append(key)
        return found

    def waiting(self, after: Instant, before: Instant) -> Iterator[tuple[Gate, Instant, str]]:
        """Entries due in (after, before]: what should be decided by now but is not."""
        for gate, waiting in self._waiting.items():
            for instant, key in waiting.irange((after + 1, ""), (before + 1, "")):
                yield gate, instant, key

    def __len__(self) -> int:
        return len(self._place)


def _record(wake: Wake | None) -> bytes | None:
    return None if wake is None else orjson.dumps([*wake[0], wake[1]])
