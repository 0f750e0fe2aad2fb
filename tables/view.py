"""What the core sees of the state: two operations, `get` and `range`, and the workspace that a step writes to.

A value is plain JSON data. It is never changed in place: a step puts a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import orjson
from sortedcontainers import SortedDict

Value = dict[str, Any]
Writes = dict[str, Value | None]
"""key -> new value, None: deleted."""
Place = tuple[str, ...]
"""Names something whose latest state is published, such as one customer's process. Its stage knows what it means."""
LAST = "\U0010ffff"
"""Sorts behind every character that can follow a prefix."""


class View(Protocol):
    def get(self, key: str) -> Value | None: ...

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        """The first `limit` entries, in key order, whose key starts with the prefix; `after`: and lies behind this."""


class Emit(NamedTuple):
    """An effect: one record for one topic. The partition follows the key, or `partition_key` where that is given."""

    topic: str
    key: str
    record: str
    value: Value | None
    """None: a tombstone."""
    partition_key: str | None = None
    partition: int | None = None
    """Set where a record must reach one given partition (watermarks, routes)."""
    headers: tuple[tuple[str, bytes], ...] = ()


class Workspace:
    """A view with the step's own writes on top, and the effects it wants; the shell applies both, or neither."""

    __slots__ = ("_view", "effects", "looked_up", "refreshed", "writes")

    def __init__(self, view: View, looked_up: dict[Any, Any] | None = None) -> None:
        """`looked_up`: a cache of earlier steps' look-ups, which is cleared when a step may have changed them."""
        self._view = view
        self.looked_up = {} if looked_up is None else looked_up
        self.writes: Writes = {}
        self.effects: list[Emit] = []
        self.refreshed: list[Place] = []

    def get(self, key: str) -> Value | None:
        if key in self.writes:
            return self.writes[key]
        return self._view.get(key)

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        own = {key: value for key, value in self.writes.items() if key.startswith(prefix) and key > after}
        if not own:
            return self._view.range(prefix, limit, after)
        below = self._view.range(prefix, limit + len(own), after)
        merged = {**dict(below), **own}
        return [(key, value) for key, value in sorted(merged.items()) if value is not None][:limit]

    def put(self, key: str, value: Value) -> None:
        self.writes[key] = value

    def delete(self, key: str) -> None:
        self.writes[key] = None

    def emit(self, effect: Emit) -> None:
        self.effects.append(effect)

    def refresh(self, place: Place) -> None:
        """Publish this place at the end of the commit: once, and as it is then."""
        self.refreshed.append(place)


class MemoryView:
    """State in memory: for tests, the driver and `backtest`."""

    def __init__(self, *, through_json: bool = True) -> None:
        """`through_json`: encode and decode values as a store does, so that what cannot be stored fails here too."""
        self._values: SortedDict[str, Value] = SortedDict()
        self._through_json = through_json

    def get(self, key: str) -> Value | None:
        value: Value | None = self._values.get(key)
        return value

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        found: list[tuple[str, Value]] = []
        for key in self._values.irange(max(prefix, after), prefix + LAST, (after < prefix, True)):
            if len(found) == limit:
                break
            found.append((key, self._values[key]))
        return found

    def apply(self, writes: Writes) -> None:
        for key, value in writes.items():
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = orjson.loads(orjson.dumps(value)) if self._through_json else value

    def items(self) -> Iterator[tuple[str, Value]]:
        yield from self._values.items()
