"""The records that wait for a shard: each topic in its order, and each offset once, whoever brings it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

BACKLOG_HIGH, BACKLOG_LOW = 20_000, 5_000
"""Waiting records of a shard at which fetching stops, and at which it goes on: bounds memory."""


class Inbox:
    def __init__(self, positions: Mapping[str, int]) -> None:
        """`positions`: topic -> the next offset."""
        self.waiting: deque[list[Any]] = deque()
        """Batches, each of one topic."""
        self._taken = dict(positions)
        """Topic -> the next offset to take: everything before it waits here or is folded."""

    @property
    def backlog(self) -> int:
        return sum(map(len, self.waiting))

    def take(self, batch: list[Any]) -> bool:
        """Queue the records of a batch that did not come before. Returns whether there were any."""
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
        """The same, but only if the batch follows directly on what came before: nothing lies between but the
        transaction marker at offset `marker`."""
        if not batch or batch[0].offset != marker + 1 or self._taken.get(batch[0].topic) != marker:
            return False
        return self.take(batch)
