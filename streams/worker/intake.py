"""What waits for a shard to fold it: records of each topic in their order, each offset once, whoever brings it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any


class Intake:
    def __init__(self, positions: Mapping[str, int]) -> None:
        """`positions`: topic -> the next offset."""
        self.waiting: deque[list[Any]] = deque()
        """Batches, each of one topic."""
        self._taken = dict(positions)
        """Topic -> the offset behind the last that came; what lies before waits here or is folded."""

    @property
    def backlog(self) -> int:
        return sum(map(len, self.waiting))

    def take(self, batch: list[Any]) -> bool:
        """What follows on what came before; what came already is dropped. Returns whether anything is left."""
        topic = batch[0].topic if batch else ""
        taken = self._taken.get(topic, 0)
        if batch and batch[0].offset < taken:
            batch = [record for record in batch if record.offset >= taken]
        if not batch:
            return False
        self._taken[topic] = batch[-1].offset + 1
        self.waiting.append(batch)
        return True

    def take_behind(self, marker: int, batch: list[Any]) -> bool:
        """The same, but only if nothing lies between what came before and the batch, except this marker of a
        transaction."""
        if not batch or batch[0].offset != marker + 1 or self._taken.get(batch[0].topic) != marker:
            return False
        return self.take(batch)
