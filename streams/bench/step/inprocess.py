"""Judge without a broker: bytes of q2c.changes in, bytes of effects out and thrown away."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from schemas import topics
from schemas.codec import Codec
from streams.inputs import Input
from streams.shard import Shard
from tables.view import Emit

KeyAndValue = tuple[bytes, bytes]


class Loop:
    """One shard fed by hand, committed by hand. `step_seconds` is the time of the shard's own calls alone."""

    def __init__(self, shard: Shard, codec: Codec) -> None:
        self.shard, self._codec = shard, codec
        self.events = 0
        self.effects = 0
        self.bytes_out = 0
        self.step_seconds = 0.0

    def fold(self, batch: Sequence[KeyAndValue]) -> None:
        """Decode and fold a batch, encode what it caused."""
        inputs = [self._input(number, *record) for number, record in enumerate(batch, self.events)]
        started = time.perf_counter()
        effects = [effect for record in inputs for effect in self.shard.process(record)]
        self.step_seconds += time.perf_counter() - started
        self.events += len(batch)
        self._encode(effects)

    def commit(self) -> None:
        """What the worker does before it commits: settle what watermarks released, publish what was refreshed."""
        started = time.perf_counter()
        effects = self.shard.settle()
        while self.shard.has_due():
            effects += self.shard.settle()
        effects += self.shard.flush()
        self.step_seconds += time.perf_counter() - started
        self._encode(effects)

    def _encode(self, effects: Iterable[Emit]) -> None:
        for effect in effects:
            self.effects += 1
            if effect.value is not None:
                self.bytes_out += len(self._codec.encode(effect.topic, effect.record, effect.value))

    def _input(self, offset: int, key: bytes, value: bytes) -> Input:
        decoded = self._codec.decode(value)
        partition = self.shard.partition
        return Input(topics.CHANGES, partition, offset, key.decode(), decoded.record, decoded.value, {})


def by_partition(records: Iterable[tuple[int, bytes, bytes]], partitions: int) -> list[list[KeyAndValue]]:
    found: list[list[KeyAndValue]] = [[] for _ in range(partitions)]
    for partition, key, value in records:
        found[partition].append((key, value))
    return found
