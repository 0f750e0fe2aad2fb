"""A driver for the whole topology without a broker: pipe source records in, read effects and state out.

Every stage runs as it does in a worker (`streams.shard`), in one thread, with time given by the caller. Records go
through the same codec, so what a topic would carry is what is seen. `crash()` throws away everything that is not state,
as a killed worker would."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import topics
from schemas.codec import Codec, Unreadable
from schemas.registry import DictRegistry
from schemas.source import Reader
from streams.crosswalk import Crosswalk
from streams.fleet import Fleet
from streams.governance.model import Governance
from streams.identify.stage import Identify
from streams.inputs import Input, Stage
from streams.judge.stage import Judge
from streams.letters import Raw
from streams.shard import Shard
from tables.view import Emit, MemoryView


class Written(NamedTuple):
    """One record that the topology wrote to a topic."""

    topic: str
    partition: int
    key: str
    record: str
    value: dict[str, Any] | None


class Driver:
    def __init__(self, governance: Governance, readers: Mapping[str, Reader]) -> None:
        self.governance = governance
        self.codec = Codec(DictRegistry())
        self.written: dict[str, list[Written]] = defaultdict(list)
        self.now_micros = 0
        self._stages: dict[str, Stage] = {
            topics.LINKS: Crosswalk(governance),
            topics.CHANGES: Judge(governance),
            topics.PROGRESS: Fleet(governance),
        }
        identify = Identify(governance, readers)
        for topic in (*map(topics.source_topic, governance.systems), topics.CROSSWALK):
            self._stages[topic] = identify
        self._states: dict[tuple[str, int], MemoryView] = defaultdict(MemoryView)
        self._shards: dict[tuple[str, int], Shard] = {}
        self._offsets: dict[tuple[str, int], int] = defaultdict(int)
        self.queues: dict[tuple[str, int], deque[Raw]] = defaultdict(deque)

    def pipe(
        self,
        topic: str,
        key: str,
        record: str,
        value: dict[str, Any],
        *,
        partition: int | None = None,
        **headers: bytes,
    ) -> None:
        """Put one record, encoded as the topic carries it, behind what its partition already has."""
        self.pipe_raw(topic, key.encode(), self.codec.encode(topic, record, value), partition, headers)

    def pipe_raw(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int | None, headers: Mapping[str, bytes]
    ) -> None:
        if partition is None:
            partition = topics.partition_for((key or b"").decode(), self.governance.partitions)
        offset = self._offsets[topic, partition]
        self._offsets[topic, partition] += 1
        self.queues[topic, partition].append(Raw(topic, partition, offset, 0, key, value, dict(headers)))

    def run(self) -> None:
        """Until nothing is left to do."""
        while waiting := [place for place, queue in self.queues.items() if queue]:
            for place in waiting:
                self.run_one(place)

    def run_one(self, place: tuple[str, int]) -> None:
        """One record of one partition, and the deadlines it releases."""
        raw = self.queues[place].popleft()
        shard = self.shard(self._stages[raw.topic], raw.partition)
        self._deliver(self._process(shard, raw))
        while shard.has_due():
            self._deliver(shard.settle())
        self._deliver(shard.flush())

    def shard(self, stage: Stage, partition: int) -> Shard:
        place = (stage.name, partition)
        if place not in self._shards:
            self._shards[place] = Shard(stage, partition, self._states[place])
        return self._shards[place]

    def state(self, stage: str, partition: int) -> MemoryView:
        return self._states[stage, partition]

    def crash(self) -> None:
        """Only committed state survives; the deadline index and everything else is rebuilt from it."""
        self._shards.clear()

    def latest(self, topic: str) -> list[dict[str, Any]]:
        """What a compacted topic holds now: the last record of each key of each partition."""
        held: dict[tuple[int, str], dict[str, Any] | None] = {}
        for written in self.written[topic]:
            held[written.partition, written.key] = written.value
        return [value for value in held.values() if value is not None]

    def _process(self, shard: Shard, raw: Raw) -> list[Emit]:
        try:
            decoded = self.codec.decode(raw.value or b"")
        except Unreadable as problem:
            return shard.refuse(raw, problem.reason, str(problem), "*", self.now_micros)
        key = (raw.key or b"").decode("utf-8", "backslashreplace")
        record = Input(raw.topic, raw.partition, raw.offset, key, decoded.record, decoded.value, dict(raw.headers))
        return shard.process(record, raw, self.now_micros)

    def _deliver(self, effects: list[Emit]) -> None:
        for effect in effects:
            partition = self.partition_of(effect)
            self.written[effect.topic].append(Written(effect.topic, partition, effect.key, effect.record, effect.value))
            if effect.topic in self._stages and effect.value is not None:
                self.pipe(effect.topic, effect.key, effect.record, effect.value, partition=partition)

    def partition_of(self, effect: Emit) -> int:
        if effect.partition is not None:
            return effect.partition
        return topics.partition_for(effect.partition_key or effect.key, self.governance.partitions)
