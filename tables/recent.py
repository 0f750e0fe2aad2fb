"""A cache of decoded values that were read or committed lately. All stores of the process share one limit.

It has two generations. An entry that is used joins the young one; when that is full it becomes the old one, and what is
left of the old one is dropped. This costs less than a strict LRU, which has work at every hit and every eviction."""

from __future__ import annotations

from tables.view import Value, Writes

ENTRIES_MAX = 120_000
"""For all stores of the process together. An entry with the versions of a record takes some 2 KiB."""
UNKNOWN: Value = {}
"""`get` returns this very object for a key that is not cached; None is a cached answer: the store does not have it."""
_ALL: list[Recent] = []
"""They share the limit: a cache with more than its share gives way."""


class Recent:
    def __init__(self, entries_max: int) -> None:
        self._young: Writes = {}
        self._old: Writes = {}
        self._entries_max = entries_max
        self._young_max = 0
        _ALL.append(self)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: str) -> Value | None:
        """UNKNOWN if the key is not cached."""
        value = self._young.get(key, UNKNOWN)
        if value is UNKNOWN:
            value = self._old.get(key, UNKNOWN)
            if value is not UNKNOWN:
                self.put(key, value)
        return value

    def put(self, key: str, value: Value | None) -> None:
        self._young[key] = value
        if len(self._young) >= self._young_max:
            self._grow_old()

    def update(self, writes: Writes) -> None:
        self._young.update(writes)
        if len(self._young) >= self._young_max:
            self._grow_old()

    def clear(self) -> None:
        self._young, self._old = {}, {}

    def close(self) -> None:
        self.clear()
        if self in _ALL:
            _ALL.remove(self)

    def _grow_old(self) -> None:
        """Make the young generation the old one, if this cache has more than its share and all together are full."""
        others = sum(len(other) for other in list(_ALL) if other is not self)
        part = max(self._entries_max // max(len(_ALL), 1), self._entries_max - others)
        self._young_max = max(part // 2, 1)
        if len(self._young) >= self._young_max:
            self._old = self._young if len(self._young) <= part else {}
            self._young = {}
