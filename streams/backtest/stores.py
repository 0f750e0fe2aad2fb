"""Where the state of a run is kept: in memory, or on disk where the log is too long for that."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.shard import State
from tables.state import RocksState
from tables.view import MemoryView, Value

IN_MEMORY_BYTES_MAX = 64 * 1024 * 1024
"""Of log. A byte of log leaves some 20 bytes of state in memory (measured: 200,000 lines, 58 MB, 1.2 GB)."""


class PlainView(MemoryView):
    """Without the way through JSON that a store would take."""

    def _kept(self, value: Value) -> Value:
        return value


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
    """For a log of that length; gone when it ends."""
    if log_bytes <= in_memory_bytes_max:
        yield Stores(None)
        return
    with tempfile.TemporaryDirectory(prefix="driftwise-backtest-") as folder:
        made = Stores(Path(folder))
        try:
            yield made
        finally:
            made.close()
