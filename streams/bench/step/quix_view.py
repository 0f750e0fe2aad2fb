"""Judge's state in Quix Streams: everything of a customer under its message key, a value a document.

A Quix state is one flat set of values below the message key, without order and without a scan. So a directory is kept
beside the documents: their names and, as we do in an index, what each waits for. It is one small value an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import orjson

from schemas.instants import ALWAYS, Instant
from tables.view import Value, Writes

DIRECTORY = "~"
SHARED = ("~", "g/")
"""Keys that belong to no customer: watermarks, and holes of customers nobody could read."""
Wake = tuple[tuple[str, ...], Instant] | None


class State(Protocol):
    """What we use of Quix Streams' own; bytes, because its default, JSON by the standard library, is slower."""

    def get_bytes(self, key: str, default: bytes | None = None) -> bytes | None: ...

    def set_bytes(self, key: str, value: bytes) -> None: ...

    def delete(self, key: str) -> None: ...


class QuixView:
    """The state of one customer for the time of one message; `shared` outlives it."""

    def __init__(self, state: State, shared: dict[str, Value], wake: Callable[[str, Value | None], Wake]) -> None:
        self._state, self._shared, self._wake = state, shared, wake
        data = state.get_bytes(DIRECTORY)
        self._directory: dict[str, Any] = orjson.loads(data) if data else {}
        self._seen: dict[str, Value | None] = {}
        self._changed = False

    def get(self, key: str) -> Value | None:
        if key.startswith(SHARED):
            return self._shared.get(key)
        if key not in self._directory:
            return None
        if key not in self._seen:
            data = self._state.get_bytes(key)
            self._seen[key] = None if data is None else orjson.loads(data)
        return self._seen[key]

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        held = self._shared if prefix.startswith(SHARED) else self._directory
        keys = sorted(key for key in held if key.startswith(prefix) and key > after)[:limit]
        return [(key, value) for key in keys if (value := self.get(key)) is not None]

    def apply(self, writes: Writes) -> None:
        for key, value in writes.items():
            if key.startswith(SHARED):
                self._share(key, value)
            elif value is None:
                self._forget(key)
            else:
                self._keep(key, value)

    def due(self, gates: dict[tuple[str, ...], Instant]) -> list[tuple[str, Instant]]:
        """The documents whose time has come, with the instant up to which they can be settled."""
        waiting = ((key, place) for key, place in self._directory.items() if place)
        open_ = ((key, instant, gates.get(tuple(gate), -ALWAYS)) for key, (gate, instant) in waiting)
        return sorted((key, until) for key, instant, until in open_ if instant <= until)

    def save(self) -> None:
        """Once a message: the directory, if it is another."""
        if self._changed:
            self._state.set_bytes(DIRECTORY, orjson.dumps(self._directory))

    def _share(self, key: str, value: Value | None) -> None:
        if value is None:
            self._shared.pop(key, None)
        else:
            self._shared[key] = value

    def _forget(self, key: str) -> None:
        if key in self._directory:
            del self._directory[key]
            self._changed = True
            self._state.delete(key)
        self._seen.pop(key, None)

    def _keep(self, key: str, value: Value) -> None:
        self._seen[key] = value
        self._state.set_bytes(key, orjson.dumps(value))
        place = self._wake(key, value)
        if key not in self._directory or self._directory[key] != (place and [list(place[0]), place[1]]):
            self._directory[key] = place and [list(place[0]), place[1]]
            self._changed = True
