"""Runs one shard: batches in, commits out. One asyncio task a shard; broker calls and disk writes go to a thread."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from schemas import topics
from schemas.codec import Codec, Unreadable
from schemas.instants import Instant
from streams.inputs import Input
from streams.letters import Raw
from streams.shard import Shard
from streams.worker.counters import Counters
from streams.worker.outbox import LETTER_BYTES_MAX, RECORD_BYTES_MAX, Outbox, Outgoing
from tables.recovery import Restored
from tables.state import PROGRESS, encode
from tables.view import Emit

log = logging.getLogger(__name__)
CHUNK = 500
"""Records folded before the event loop gets a turn."""
FLOOD_WINDOW = 1000


class Flood(Exception):
    """Too many dead letters: the partition is paused rather than drained into them."""


class Runner:
    def __init__(
        self,
        shard: Shard,
        restored: Restored,
        outbox: Outbox,
        codec: Codec,
        *,
        partitions: int,
        commit_interval_seconds: float,
        commit_gap_seconds: float,
        flood: int,
        crash: Callable[[BaseException], None],
    ) -> None:
        self.shard = shard
        self.counters = Counters()
        self.paused: str | None = None
        """Why it stands still, if it does."""
        self.positions: dict[str, int] = dict((restored.state.progress() or {}).get("offsets", {}))
        """Topic -> the next offset of this partition: as of the last finished commit."""
        self.busy_since: float | None = None
        self._state, self._changelog_id = restored.state, restored.changelog_id
        self._outbox, self._codec = outbox, codec
        self._partitions, self._flood, self._crash = partitions, flood, crash
        self._interval, self._gap = commit_interval_seconds, commit_gap_seconds
        self._read = dict(self.positions)
        self._waiting: deque[list[Any]] = deque()
        self._wake = asyncio.Event()
        self._outgoing: list[Outgoing] = []
        self._commit_times: list[Instant] = []
        self._letters: deque[bool] = deque(maxlen=FLOOD_WINDOW)
        self.last_commit = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self._writing: asyncio.Future[None] | None = None

    @property
    def backlog(self) -> int:
        return sum(map(len, self._waiting))

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self.shard.stage.name}-{self.shard.partition}")

    def submit(self, batch: list[Any]) -> None:
        self._waiting.append(batch)
        self._wake.set()

    async def stop(self) -> None:
        """Let go of the shard; what was not committed is read again by the next owner."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._waiting.clear()
        if self._writing is not None:  # a commit under way ends before its producer and store are closed
            await asyncio.gather(self._writing, return_exceptions=True)
        await asyncio.to_thread(self._outbox.close)
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
            log.exception("%s-%d stops the worker", self.shard.stage.name, self.shard.partition)
            self._crash(problem)

    async def _drain(self) -> None:
        while self._waiting:
            self.busy_since = self.busy_since or time.monotonic()
            await self._fold(self._waiting.popleft())
            if not self._waiting:
                # Idle: commit at once, unless one has just been; then what comes meanwhile goes along.
                await asyncio.sleep(self.last_commit + self._gap - time.monotonic())
            if not self._waiting or time.monotonic() - self.last_commit >= self._interval:
                await self._commit()
        self._wake.clear()
        self.busy_since = None

    async def _fold(self, batch: list[Any]) -> None:
        started = time.perf_counter()
        for start in range(0, len(batch), CHUNK):
            for record in batch[start : start + CHUNK]:
                self._one(record)
            await asyncio.sleep(0)
        self.counters.batch_seconds.observe(time.perf_counter() - started)
        self.counters.records += len(batch)

    def _one(self, record: Any) -> None:
        expected = self._read.get(record.topic)
        if expected is not None and record.offset < expected:
            return  # the progress record is ahead of the group's offset
        raw = Raw(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            dict(record.headers),
        )
        effects = self._process(raw)
        self._accept(effects)
        self._read[record.topic] = record.offset + 1

    def _process(self, raw: Raw) -> list[Emit]:
        now = time.time_ns() // 1000
        if raw.value is None:
            return []
        try:
            decoded = self._codec.decode(raw.value)
        except Unreadable as problem:
            return self._refuse(raw, problem.reason, str(problem))
        key = (raw.key or b"").decode("utf-8", "backslashreplace")
        record = Input(raw.topic, raw.partition, raw.offset, key, decoded.record, decoded.value, dict(raw.headers))
        committed_at = decoded.value.get("committed_at")
        if committed_at and raw.topic == topics.CHANGES:
            self._commit_times.append(committed_at)
        before = self.shard.outcomes["diverted"]
        effects = self.shard.process(record, raw, now)
        self._watch(raw, diverted=self.shard.outcomes["diverted"] > before)
        return effects

    def _refuse(self, raw: Raw, reason: str, detail: str) -> list[Emit]:
        effects = self.shard.refuse(raw, reason, detail, "*", time.time_ns() // 1000)
        self._watch(raw, diverted=True)
        return effects

    def _watch(self, raw: Raw, *, diverted: bool) -> None:
        self._letters.append(diverted)
        if diverted and sum(self._letters) > self._flood:
            raise Flood(
                f"{sum(self._letters)} of the last {len(self._letters)} records went to the dead letters, the last at "
                f"{raw.topic}-{raw.partition}@{raw.offset}; see `driftwise dead-letters list`, mend the cause, restart"
            )

    def _accept(self, effects: Iterable[Emit]) -> None:
        """Encode now: what cannot be encoded or is too large diverts its cause, with none of its effects."""
        self._outgoing += [self._encode(effect) for effect in effects]

    def _encode(self, effect: Emit) -> Outgoing:
        value = None if effect.value is None else self._codec.encode(effect.topic, effect.record, effect.value)
        limit = LETTER_BYTES_MAX if effect.topic == topics.DEAD_LETTERS else RECORD_BYTES_MAX
        if value is not None and len(value) > limit:
            raise ValueError(f"{effect.record} {effect.key} has {len(value)} bytes; the broker takes {limit}")
        partition = effect.partition
        if partition is None:
            count = 1 if effect.topic in topics.SINGLE_PARTITION else self._partitions
            partition = topics.partition_for(effect.partition_key or effect.key, count)
        self.counters.effects[effect.topic] += 1
        if effect.topic == topics.DRIFTS and effect.value is not None:
            self.counters.drifts[effect.value["kind"], effect.value["status"]] += 1
        return Outgoing(effect.topic, partition, effect.key.encode(), value, effect.headers)

    async def _commit(self) -> None:
        """Commit what was folded; then, a slice and a commit at a time, what the watermarks released."""
        while True:
            self._accept(self.shard.settle())
            self._accept(self.shard.flush())
            await self._transaction()
            if not self.shard.has_due():
                return

    async def _transaction(self) -> None:
        pending = self._state.pending()
        if not pending and not self._outgoing and self._read == self.positions:
            return
        started = time.perf_counter()
        progress = {
            "offsets": dict(self._read),
            "committed_at_seconds": time.time(),
            "changelog_id": self._changelog_id,
        }
        outgoing, self._outgoing = self._outgoing, []
        self._writing = asyncio.ensure_future(asyncio.to_thread(self._write, outgoing, pending, progress))
        await asyncio.shield(self._writing)
        self.positions = progress["offsets"]  # type: ignore[assignment]
        self.last_commit = time.monotonic()
        self.counters.commit_seconds.observe(time.perf_counter() - started)
        self._observe_latency()

    def _write(
        self, outgoing: list[Outgoing], pending: list[tuple[str, bytes | None]], progress: dict[str, Any]
    ) -> None:
        topic = topics.CHANGELOG + self.shard.stage.name
        records = [*pending, (PROGRESS, encode(progress))]
        log_records = [Outgoing(topic, self.shard.partition, key.encode(), data) for key, data in records]
        end = self._outbox.commit(outgoing, log_records)
        self._state.commit(pending, {**progress, "changelog_offset": end})

    def _observe_latency(self) -> None:
        now = time.time_ns() // 1000
        for committed_at in self._commit_times:
            self.counters.latency_seconds.observe(max(0, now - committed_at) / 1_000_000)
        self._commit_times = []
