"""Where the state of a run is kept: in memory, or on disk where the log is too long for that."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from sortedcontainers import SortedList

from streams.shard import State
from tables.state import FAMILY, RocksState
from tables.view import LAST, Value, Writes

IN_MEMORY_BYTES_MAX = 64 * 1024 * 1024
"""Longest log that is judged in memory. A byte of log leaves some 20 bytes of state (200,000 lines: 58 MB, 1.2 GB)."""


class PlainView:
    """State in plain dictionaries, without the way through JSON that a store would take. Only the families of keys of
    which a range was ever asked are kept in order: most are read by their whole keys alone."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._ordered: dict[str, SortedList[str]] = {}
        self.get: Callable[[str], Value | None] = self._values.get

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        keys = self._in_order(prefix[:FAMILY])
        behind = keys.irange(max(prefix, after), prefix + LAST, (after < prefix, True)) if keys else ()
        return [(key, self._values[key]) for key in islice(behind, limit)]

    def _in_order(self, family: str) -> SortedList[str]:
        keys = self._ordered.get(family)
        if keys is None:
            assert len(family) == FAMILY, f"{family!r} is no family of keys"
            keys = self._ordered[family] = SortedList(key for key in self._values if key.startswith(family))
        return keys

    def apply(self, writes: Writes) -> None:
        values = self._values
        for key, value in writes.items():
            if (value is None) == (key in values) and (keys := self._ordered.get(key[:FAMILY])) is not None:
                (keys.remove if value is None else keys.add)(key)
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value

    def items(self) -> Iterable[tuple[str, Value]]:
        return sorted(self._values.items())  # keys differ, so values are not compared


class Stores:
    def __init__(self, folder: Path | None) -> None:
        """`folder`: for state on disk; None: in memory."""
        self._folder = folder
        self._on_disk: list[RocksState] = []

    def make(self, stage: str) -> State:
        if self._folder is None:
            return PlainView()
        made = RocksState(self._folder / stage)
        self._on_disk.append(made)
        return made

    def commit(self) -> None:
        """What changed since the last time goes to disk, if that is where it is kept."""
        for state in self._on_disk:
            state.commit(state.pending(), {})

    def close(self) -> None:
        for state in self._on_disk:
            state.close()


@contextmanager
def stores(log_bytes: int, in_memory_bytes_max: int = IN_MEMORY_BYTES_MAX) -> Iterator[Stores]:
    """Stores for a log of that length, removed at the end."""
    if log_bytes <= in_memory_bytes_max:
        yield Stores(None)
        return
    with tempfile.TemporaryDirectory(prefix="driftwise-backtest-") as folder:
        made = Stores(Path(folder))
        try:
            yield made
        finally:
            made.close()
