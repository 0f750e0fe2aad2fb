"""State for the bare loop: a dictionary with its keys in order."""

from __future__ import annotations

from collections.abc import Iterator

from sortedcontainers import SortedDict

from tables.view import LAST, Value, Writes


class DictView:
    """As `MemoryView`, without the way through JSON that a store would take."""

    def __init__(self) -> None:
        self._values: SortedDict[str, Value] = SortedDict()

    def get(self, key: str) -> Value | None:
        value: Value | None = self._values.get(key)
        return value

    def range(self, prefix: str, limit: int) -> list[tuple[str, Value]]:
        found: list[tuple[str, Value]] = []
        for key in self._values.irange(prefix, prefix + LAST):
            if len(found) == limit:
                break
            found.append((key, self._values[key]))
        return found

    def apply(self, writes: Writes) -> None:
        for key, value in writes.items():
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value

    def items(self) -> Iterator[tuple[str, Value]]:
        yield from self._values.items()
