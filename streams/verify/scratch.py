"""Where a replay keeps its state: in memory while it is small, on disk when it grows, and thrown away afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.shard import State
from tables.state import RocksState
from tables.view import MemoryView, Value, Writes

SMALL_ENTRIES_MAX = 20_000
"""Writes that a state takes before it moves to disk, and between two batches there."""
CACHED_ENTRIES_MAX = 50_000


class Spilling:
    """State of any size in bounded memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state: State = MemoryView()
        self._disk: RocksState | None = None
        self._written = 0

    def get(self, key: str) -> Value | None:
        return self._state.get(key)

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        return self._state.range(prefix, limit, after)

    def apply(self, writes: Writes) -> None:
        self._state.apply(writes)
        self._written += len(writes)
        if self._written > SMALL_ENTRIES_MAX:
            self._spill()

    def items(self) -> Iterable[tuple[str, Value]]:
        if self._disk is not None:
            self._spill()
        return self._state.items()

    def _spill(self) -> None:
        if self._disk is None:
            self._disk = RocksState(self._folder, cached_entries_max=CACHED_ENTRIES_MAX)
            self._disk.apply(dict(self._state.items()))
            self._state = self._disk
        self._disk.commit(self._disk.pending(), {})
        self._written = 0

    def close(self) -> None:
        if self._disk is not None:
            self._disk.close()


class Scratch:
    """Makes states in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Spilling] = []

    def new(self) -> Spilling:
        self._made.append(Spilling(self._folder / str(len(self._made))))
        return self._made[-1]

    def close(self) -> None:
        for state in self._made:
            state.close()


@contextmanager
def scratch() -> Iterator[Scratch]:
    """What is made meanwhile is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="driftwise-verify-") as folder:
        made = Scratch(Path(folder))
        try:
            yield made
        finally:
            made.close()
