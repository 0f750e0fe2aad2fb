"""Finds what makes a commit unwritable, and puts that aside: a record, or a deadline that was due.

The commit is rolled back and its records are folded again in halves, each half its own commit, until one record is left
that cannot be written by itself: it goes to the dead letters. Where no record is the cause, deadlines are settled one a
commit; the one whose verdict cannot be written waits for its letter to be replayed."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from streams.shard import Shard
from streams.worker.folding import Folding
from streams.worker.sizes import Unwritable

log = logging.getLogger(__name__)


class Commits(Protocol):
    """What is asked of a runner."""

    shard: Shard

    async def fold(self, batch: list[Any]) -> int: ...

    async def commit(self) -> None: ...

    async def write_folded(self) -> None: ...

    def roll_back(self) -> None: ...


class Isolation:
    def __init__(self, runner: Commits, folding: Folding) -> None:
        self._runner, self._shard, self._folding = runner, runner.shard, folding

    async def find(self, problem: Unwritable, records: list[Any]) -> None:
        """`records`: all that were folded since the last commit, which this one would have written."""
        log.warning("%s-%d looks for the cause: %s", self._shard.stage.name, self._shard.partition, problem)
        self._runner.roll_back()
        if records:
            await self._fold_apart(records)
        try:
            await self._runner.commit()
        except Unwritable as again:  # no record was the cause, or it came back once all of them were written
            self._runner.roll_back()
            await self._settle_apart(again)

    async def _fold_apart(self, records: list[Any]) -> None:
        """In one commit; if that is unwritable, in two halves. A single record is diverted, unless what was settled
        before it may be the cause."""
        try:
            left = records[await self._runner.fold(records) :]
            await self._runner.write_folded()
        except Unwritable as problem:
            self._runner.roll_back()
            if len(records) > 1:
                middle = len(records) // 2
                await self._fold_apart(records[:middle])
                await self._fold_apart(records[middle:])
            elif self._shard.has_due():
                await self._fold_behind(records)
            else:
                await self._divert(records[0], problem)
        else:
            if left:
                await self._fold_behind(left)

    async def _fold_behind(self, records: list[Any]) -> None:
        """The same, once all that is due is settled, or put aside where it cannot be written."""
        while self._shard.has_due():
            try:
                await self._runner.commit()
            except Unwritable as problem:
                self._runner.roll_back()
                await self._settle_apart(problem)
        await self._fold_apart(records)

    async def _divert(self, record: Any, problem: Unwritable) -> None:
        self._folding.divert(record, problem)
        await self._runner.write_folded()

    async def _settle_apart(self, problem: Unwritable) -> None:
        """One deadline a commit, until the first that cannot be written: it is put aside."""
        if not self._shard.has_due():
            raise problem
        while self._shard.has_due():
            try:
                self._folding.accept(self._shard.settle(1))
                await self._runner.write_folded()
            except Unwritable as cause:
                self._runner.roll_back()
                await self._put_aside(cause)
                return

    async def _put_aside(self, problem: Unwritable) -> None:
        if not self._folding.put_aside(problem):
            raise problem
        await self._runner.write_folded()
