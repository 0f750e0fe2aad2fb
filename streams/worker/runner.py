"""Runs one shard: batches in, commits out. One asyncio task a shard; broker calls and disk writes go to a thread.

Records are folded as they come (`folding`), and committed when `pace` says so. A commit that the broker would never
take is searched for its cause (`isolating`)."""

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
from streams.worker.inbox import Inbox
from streams.worker.isolating import Isolation
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
"""How long a batch is folded before the event loop gets a turn, for which other shards' commits wait."""


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
        """Why this shard stands still; None: it does not."""
        self.positions: dict[str, int] = dict((restored.state.progress() or {}).get("offsets", {}))
        """Topic -> the next offset of this partition, as of the last finished commit."""
        self.busy_since: float | None = None
        self._state, self._changelog_id = restored.state, restored.changelog_id
        self._outbox, self._crash, self._handover = outbox, crash, handover
        self._folding = Folding(shard, codec, self.counters, self.positions, partitions=partitions, flood=flood)
        self._isolation = Isolation(self, self._folding)
        self._pace, self._rhythm, self._companions = pace, Rhythm(), Companions()
        self._progress_at: float | None = None
        """When the first progress since the last commit was folded; None: there is none."""
        self._inbox = Inbox(self.positions)
        self._handed = False
        """Whether another shard has handed something over since the last commit."""
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
        return self._inbox.backlog

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self.shard.stage.name}-{self.shard.partition}")

    def submit(self, batch: list[Any]) -> None:
        """Take a batch of one partition from the consumer."""
        if self._inbox.take(batch):
            self._wake.set()

    def submit_behind(self, marker: int, batch: list[Any]) -> None:
        """Take a batch from the shard that wrote it, if it is next in its topic (`streams.worker.handover`)."""
        if self._inbox.take_behind(marker, batch):
            self._handed = True
            self._wake.set()

    async def hold(self) -> None:
        """Commit nothing until `go_on`: a rebalance decides who owns the shard. A commit under way ends first."""
        self._may_commit.clear()
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)

    def go_on(self) -> None:
        """The shard is still ours: go on with its state and with what was folded."""
        self._may_commit.set()

    async def stop(self) -> None:
        """Let go of the shard; what was not committed is read again by the next owner."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._inbox.waiting.clear()
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
            told = isinstance(problem, NoRegistry)  # its text says all; a traceback would help nobody
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
                records, self._uncommitted = self._uncommitted, []
                await self._isolation.find(problem, records)
        self._wake.clear()
        self.busy_since = None

    async def _advance(self) -> bool:
        """Fold the next batch, commit, or wait. Returns whether all that waited is committed."""
        if self._inbox.waiting:
            batch = self._inbox.waiting.popleft()
            self._uncommitted += batch
            if left := batch[await self.fold(batch) :]:
                del self._uncommitted[-len(left) :]
                self._inbox.waiting.appendleft(left)
                await self.commit()
                return False
        wait_seconds = self._wait_seconds(time.monotonic())
        if wait_seconds <= 0:
            await self.commit()
            return not self._inbox.waiting
        if not self._inbox.waiting:
            await self._woken(wait_seconds)
        return False

    async def write_folded(self) -> None:
        """Commit the records folded, without the deadlines that they released: those follow in the next commit."""
        self._folding.accept(self.shard.flush())
        await self._transaction()

    def roll_back(self) -> None:
        """To the last finished commit."""
        self._state.rollback()
        self.shard.roll_back(deadlines_of(self._state, self.shard.stage))
        self._folding.roll_back(self.positions)

    def _wait_seconds(self, now: float) -> float:
        """Until the next commit."""
        more = bool(self._inbox.waiting)
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
        """Wait until more input comes, but not longer than that."""
        self._wake.clear()
        timer = asyncio.get_running_loop().call_later(within_seconds, self._wake.set)
        await self._wake.wait()
        timer.cancel()

    async def fold(self, batch: list[Any]) -> int:
        """Fold a batch; returns how many of its records. Before the next one a commit has to work off deadlines."""
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

    async def commit(self) -> None:
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
        """The transaction, then the store. `local`: derived from the state and kept in the store alone, not in the
        changelog."""
        topic, partition = topics.CHANGELOG + self.shard.stage.name, self.shard.partition
        log_records = ((topic, partition, key, data, ()) for key, data in pending)
        progress_record = (topic, partition, PROGRESS.encode(), encode(progress), ())
        end = self._outbox.commit(outgoing, log_records, progress_record, callbacks(spans))
        self._state.commit([*pending, *local], {**progress, "changelog_offset": end})
