"""Decoded values that were read or committed lately, for all stores of the process together.

Two generations: what is used joins the young, and once those are too many they become the old, whose unused entries are
forgotten as one. An order of use would cost a step at each hit and for each entry forgotten."""

from __future__ import annotations

from tables.view import Value, Writes

ENTRIES_MAX = 120_000
"""Of all stores of the process together: some 2 KiB each, with the versions of a record in it."""
UNKNOWN: Value = {}
"""This very object in place of a value, or of None for a key that the store does not have: it must be asked."""
_ALL: list[Recent] = []
"""They share what may be remembered: one gives way once it has more than its part."""


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
        """UNKNOWN where nothing is remembered of the key."""
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
        """The young become the old, if all stores together remember too much and this one more than its part."""
        others = sum(len(other) for other in list(_ALL) if other is not self)
        part = max(self._entries_max // max(len(_ALL), 1), self._entries_max - others)
        self._young_max = max(part // 2, 1)
        if len(self._young) >= self._young_max:
            self._old = self._young if len(self._young) <= part else {}
            self._young = {}
