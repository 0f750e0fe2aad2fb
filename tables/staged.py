"""State in memory whose writes wait for a commit, as in a store: so a test can see what a crash loses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from tables.view import MemoryView, Value, View, Workspace, Writes


class Committed(View, Protocol):
    def apply(self, writes: Writes) -> None: ...

    def items(self) -> Iterable[tuple[str, Value]]: ...


class StagedView:
    def __init__(self, committed: Committed | None = None) -> None:
        """`committed`: where commits go; by default into memory."""
        self.committed: Committed = MemoryView() if committed is None else committed
        self.rollback()

    def get(self, key: str) -> Value | None:
        return self._staged.get(key)

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        return self._staged.range(prefix, limit, after)

    def apply(self, writes: Writes) -> None:
        self._staged.writes.update(writes)

    def items(self) -> Iterator[tuple[str, Value]]:
        merged = {**dict(self.committed.items()), **self._staged.writes}
        yield from ((key, value) for key, value in sorted(merged.items()) if value is not None)

    def commit(self) -> None:
        self.committed.apply(self._staged.writes)
        self.rollback()

    def rollback(self) -> None:
        """Forget what was not committed."""
        self._staged = Workspace(self.committed)
