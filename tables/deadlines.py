"""The deadline index: what waits at which gate, ordered by due time. Local; rebuilt from the state at restore."""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedSet

from schemas.instants import Instant

Gate = tuple[str, ...]


class Deadlines:
    def __init__(self) -> None:
        self._waiting: dict[Gate, SortedSet[tuple[Instant, str]]] = {}
        self._place: dict[str, tuple[Gate, Instant]] = {}

    def put(self, key: str, wake: tuple[Gate, Instant] | None) -> None:
        """Where the entry waits now, or None: nowhere."""
        old = self._place.pop(key, None)
        if old is not None:
            self._waiting[old[0]].discard((old[1], key))
        if wake is not None:
            self._place[key] = wake
            self._waiting.setdefault(wake[0], SortedSet()).add((wake[1], key))

    def due(self, gate: Gate, until: Instant, limit: int) -> list[str]:
        """The first keys, in (due, key) order, whose time has come."""
        waiting = self._waiting.get(gate)
        if not waiting:
            return []
        found: list[str] = []
        for instant, key in waiting:
            if instant > until or len(found) == limit:
                break
            found.append(key)
        return found

    def waiting(self, after: Instant, before: Instant) -> Iterator[tuple[Gate, Instant, str]]:
        """Entries due in the half-open span (after, before]: what should be decided by now and is not."""
        for gate, waiting in self._waiting.items():
            for instant, key in waiting.irange((after + 1, ""), (before + 1, "")):
                yield gate, instant, key

    def __len__(self) -> int:
        return len(self._place)
