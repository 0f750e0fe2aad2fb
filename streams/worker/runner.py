"""Runs one shard: batches in, commits out. One asyncio task a shard; broker calls and disk writes go to a thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from typing import Any

from schemas import topics
from schemas.codec import Codec
from schemas.registry import NoRegistry
from streams.shard import Shard
from streams.worker import interpreter
from streams.worker.counters import Counters
from streams.worker.folding import Flood, Folding
from streams.worker.handover import NOBODY, Handover, Spans, callbacks
from streams.worker.intake import Intake
from streams.worker.outbox import Outbox, Outgoing
from streams.worker.pace import Companions, Pace, Rhythm
from streams.worker.sizes import Unwritable, check_state
from tables.recovery import Restored
from tables.replica import deadlines_of
from tables.state import PROGRESS, Record, encode

log = logging.getLogger(__name__)
CHUNK = 8
"""Records folded before the clock is looked at."""
TURN_SECONDS = 0.005
"""So long a batch is folded before the event loop gets a turn: other shards' commits wait for it to go on."""


class Runner:
    def __init__(
        self,
        shard: Shard,
        restored: Restored,
        outbox: Outbox,
        codec: Codec,
        *,
        partitions: int,
        pace: Pace,
        flood: int,
        crash: Callable[[BaseException], None],
        handover: Handover = NOBODY,
    ) -> None:
        self.shard = shard
        self.counters = Counters()
        self.paused: str | None = None
        """Why it stands still, if it does."""
        self.positions: dict[str, int] = dict((restored.state.progress() or {}).get("offsets", {}))
        """Topic -> the next offset of this partition: as of the last finished commit."""
        self.busy_since: float | None = None
        self._state, self._changelog_id = restored.state, restored.changelog_id
        self._outbox, self._crash, self._handover = outbox, crash, handover
        self._folding = Folding(shard, codec, self.counters, self.positions, partitions=partitions, flood=flood)
        self._pace, self._rhythm, self._companions = pace, Rhythm(), Companions()
        self._progress_at: float | None = None
        """When the first was folded that others wait for, since the last commit."""
        self._intake = Intake(self.positions)
        self._handed = False
        """Whether something was handed over since the last commit."""
        self._uncommitted: list[Any] = []
        """Records folded since the last commit."""
        self._wake = asyncio.Event()
        self.last_commit = time.monotonic()
        self._last_took = 0.0
        # A thread of its own: in a shared pool a commit would wait for those of other shards.
        self._thread = ThreadPoolExecutor(1, f"{shard.stage.name}-{shard.partition}")
        self._task: asyncio.Task[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._may_commit = asyncio.Event()
        self._may_commit.set()

    @property
    def backlog(self) -> int:
        return self._intake.backlog

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self.shard.stage.name}-{self.shard.partition}")

    def submit(self, batch: list[Any]) -> None:
        """What a consumer brings, of one partition."""
        if self._intake.take(batch):
            self._wake.set()

    def submit_behind(self, marker: int, batch: list[Any]) -> None:
        """What the shard that wrote it hands over, if it is next (`streams.worker.handover`)."""
        if self._intake.take_behind(marker, batch):
            self._handed = True
            self._wake.set()

    async def hold(self) -> None:
        """Commit nothing until `go_on`: a rebalance decides who owns the shard. A commit under way ends first."""
        self._may_commit.clear()
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    def go_on(self) -> None:
        """Still ours: state and what was folded stay as they are."""
        self._may_commit.set()

    async def stop(self) -> None:
        """Let go of the shard; what was not committed is read again by the next owner."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._intake.waiting.clear()
        if self._writing is not None:  # a commit under way ends before its producer and store are closed
            await asyncio.gather(self._writing, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._outbox.close)
        self._thread.shutdown(wait=False)
        self._state.close()

    async def _run(self) -> None:
        try:
            while True:
                await self._wake.wait()
                await self._drain()
        except asyncio.CancelledError:
            raise
        except Flood as flood:
            self._state.rollback()
            self.busy_since = None  # standing still on purpose: nothing for the watchdog
            self.paused = str(flood)
            log.error("%s-%d is paused: %s", self.shard.stage.name, self.shard.partition, flood)
        except BaseException as problem:  # whatever it was, this worker must not go on
            told = isinstance(problem, NoRegistry)  # what it says is for people; where it was raised helps nobody
            log.error("%s-%d stops the worker", self.shard.stage.name, self.shard.partition, exc_info=not told)
            self._crash(problem)

    async def _drain(self) -> None:
        """Fold what waits, and commit when it is time."""
        self.busy_since = time.monotonic()
        done = False
        while not done:
            try:
                done = await self._advance()
            except Unwritable as problem:
                await self._find_cause(problem)
        self._wake.clear()
        self.busy_since = None

    async def _advance(self) -> bool:
        """Whether all that waited is committed."""
        if self._intake.waiting:
            batch = self._intake.waiting.popleft()
            self._uncommitted += batch
            if left := batch[await self._fold(batch) :]:
                del self._uncommitted[-len(left) :]
                self._intake.waiting.appendleft(left)
                await self._commit()
                return False
        wait_seconds = self._wait_seconds(time.monotonic())
        if wait_seconds <= 0:
            await self._commit()
            return not self._intake.waiting
        if not self._intake.waiting:
            await self._woken(wait_seconds)
        return False

    async def _find_cause(self, problem: Unwritable) -> None:
        """One of the records folded since the last commit causes what the broker does not take. Where there is none, or
        it comes again once they are written, a deadline does."""
        records, self._uncommitted = self._uncommitted, []
        log.warning("%s-%d looks for the cause: %s", self.shard.stage.name, self.shard.partition, problem)
        self._roll_back()
        if records:
            await self._fold_apart(records)
        try:
            await self._commit()
        except Unwritable as again:
            self._roll_back()
            await self._settle_apart(again)

    async def _fold_apart(self, records: list[Any]) -> None:
        """In one commit; what cannot be written so in two, and a record that cannot be written alone is refused, unless
        what was settled before it cannot."""
        try:
            left = records[await self._fold(records) :]
            await self._write_folded()
        except Unwritable as problem:
            self._roll_back()
            if len(records) > 1:
                middle = len(records) // 2
                await self._fold_apart(records[:middle])
                await self._fold_apart(records[middle:])
            elif self.shard.has_due():
                await self._fold_behind(records)
            else:
                await self._divert(records[0], problem)
        else:
            if left:
                await self._fold_behind(left)

    async def _fold_behind(self, records: list[Any]) -> None:
        """The same once all is settled that is due; what of that cannot be written is put aside."""
        while self.shard.has_due():
            try:
                await self._commit()
            except Unwritable as problem:
                self._roll_back()
                await self._settle_apart(problem)
        await self._fold_apart(records)

    async def _divert(self, record: Any, problem: Unwritable) -> None:
        self._folding.divert(record, problem)
        await self._write_folded()

    async def _settle_apart(self, problem: Unwritable) -> None:
        """One deadline a commit, until the one is found that cannot be written: it is put aside."""
        if not self.shard.has_due():
            raise problem
        while self.shard.has_due():
            try:
                self._folding.accept(self.shard.settle(1))
                await self._write_folded()
            except Unwritable as cause:
                self._roll_back()
                await self._put_aside(cause)
                return

    async def _put_aside(self, problem: Unwritable) -> None:
        if not self._folding.put_aside(problem):
            raise problem
        await self._write_folded()

    async def _write_folded(self) -> None:
        """Without the deadlines that it released: those are no record's fault, and follow with the next commit."""
        self._folding.accept(self.shard.flush())
        await self._transaction()

    def _roll_back(self) -> None:
        """To the last finished commit."""
        self._state.rollback()
        self.shard.roll_back(deadlines_of(self._state, self.shard.stage))
        self._folding.roll_back(self.positions)

    def _wait_seconds(self, now: float) -> float:
        """Until the next commit."""
        more = bool(self._intake.waiting)
        if self._progress_at is None and not more and self.shard.awaited():
            self._progress_at = now
            self._rhythm.came(now)
        return self._pace.wait_seconds(
            since_last=now - self.last_commit,
            last_took=self._last_took,
            more=more,
            handed=self._handed,
            outgoing=bool(self._folding.outgoing),
            progress_since=None if self._progress_at is None else now - self._progress_at,
            gather_seconds=self._companions.gather_seconds(self.shard.heard),
            until_marker=self._rhythm.until_next(now),
        )

    async def _woken(self, within_seconds: float) -> None:
        """Until more input comes, or that long."""
        self._wake.clear()
        timer = asyncio.get_running_loop().call_later(within_seconds, self._wake.set)
        await self._wake.wait()
        timer.cancel()

    async def _fold(self, batch: list[Any]) -> int:
        """Returns how many: before the next one more is due than one commit works off."""
        started = turn = time.perf_counter()
        for start in range(0, len(batch), CHUNK):
            chunk = batch[start : start + CHUNK]
            folded = self._folding.records(chunk)
            if folded < len(chunk):
                return start + folded
            if time.perf_counter() - turn > TURN_SECONDS:
                await asyncio.sleep(0)
                turn = time.perf_counter()
        await asyncio.sleep(0)
        self.counters.batch_seconds.observe(time.perf_counter() - started)
        return len(batch)

    async def _commit(self) -> None:
        """Commit what was folded; then, a slice and a commit at a time, what the watermarks released."""
        while True:
            self._folding.accept(self.shard.settle())
            self._folding.accept(self.shard.flush())
            await self._transaction()
            if not self.shard.has_due():
                return

    async def _transaction(self) -> None:
        await self._may_commit.wait()
        self._progress_at, self._handed = None, False
        self._companions.committed(self.shard.heard)
        self.shard.heard.clear()
        pending = self._state.pending()
        if not pending and not self._folding.outgoing and self._folding.read == self.positions:
            return
        check_state(pending)
        started = time.perf_counter()
        progress = {
            "offsets": dict(self._folding.read),
            "committed_at_seconds": time.time(),
            "changelog_id": self._changelog_id,
        }
        outgoing = self._folding.take()
        self.counters.effects.update(map(itemgetter(0), outgoing))
        local = self.shard.deadlines.changes()
        spans = self._handover.spans(outgoing)
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(self._thread, self._write, outgoing, pending, local, progress, spans)
        await asyncio.shield(self._writing)
        self.positions = progress["offsets"]  # type: ignore[assignment]
        self._uncommitted = []
        self._handover.hand_over(spans)
        self.last_commit, self._last_took = time.monotonic(), time.perf_counter() - started
        self.counters.commit_seconds.observe(self._last_took)
        now = time.time_ns() // 1000
        self.counters.latency_seconds.observe_all([(now - at) / 1_000_000 for at in self._folding.committed()])
        interpreter.committed()

    def _write(
        self,
        outgoing: list[Outgoing],
        pending: list[Record],
        local: list[Record],
        progress: dict[str, Any],
        spans: Spans,
    ) -> None:
        """`local`: what the store keeps beside the state, derived from it, so no part of the changelog."""
        topic, partition = topics.CHANGELOG + self.shard.stage.name, self.shard.partition
        log_records = ((topic, partition, key, data, ()) for key, data in pending)
        progress_record = (topic, partition, PROGRESS.encode(), encode(progress), ())
        end = self._outbox.commit(outgoing, log_records, progress_record, callbacks(spans))
        self._state.commit([*pending, *local], {**progress, "changelog_offset": end})
