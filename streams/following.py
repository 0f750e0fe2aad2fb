"""Follows a compacted topic from its beginning, so that its latest records are known at any moment."""

from __future__ import annotations

import time
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from streams.settings import Settings

ANSWER_SECONDS = 10.0
SILENT_SECONDS = 60.0
_BATCH = 1_000
_MOVING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
"""The partition is new, or its leader is changing: it answers soon."""
_PAUSE_SECONDS = 0.1


class CannotFollow(Exception):
    """The topic cannot be read to its end now; the text says why. The caller must not act on what it knew before."""


class Following:
    def __init__(self, settings: Settings, topic: str, partitions: int) -> None:
        self._topic = topic
        self._ends = dict.fromkeys(range(partitions), 0)
        """Up to where each partition was read."""
        self._consumer = Consumer(
            settings.client
            | {
                "group.id": f"{settings.application}-following",  # without a trace: nothing is committed
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 10,
            }
        )
        self._consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])

    def news(self) -> Iterator[Message]:
        """What was committed since the last time, up to where the topic ends now. Raises CannotFollow."""
        try:
            yield from self._drain(self._news_until())
        except KafkaException as problem:
            raise CannotFollow(f"{self._topic} cannot be read ({problem}): is the broker there?") from None

    def close(self) -> None:
        self._consumer.close()

    def _news_until(self) -> dict[int, int]:
        """Partition -> its end now, where that has moved."""
        found = {}
        for partition, known in self._ends.items():
            end = self._end(partition)
            if end > known:
                found[partition] = end
        return found

    def _end(self, partition: int) -> int:
        place, deadline = TopicPartition(self._topic, partition), time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                end: int = self._consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)[1]
            except KafkaException as problem:
                if problem.args[0].code() not in _MOVING or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return end

    def _drain(self, ends: dict[int, int]) -> Iterator[Message]:
        deadline = time.monotonic() + SILENT_SECONDS
        while ends:
            for message in self._consumer.consume(_BATCH, timeout=0.01):
                deadline = time.monotonic() + SILENT_SECONDS
                error, partition, offset = message.error(), message.partition(), message.offset()
                assert partition is not None
                assert offset is not None
                if error is None:
                    self._reached(ends, partition, offset + 1)
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._reached(ends, partition, offset)  # behind markers of transactions, which nobody is shown
                else:
                    raise KafkaException(error)
            if time.monotonic() > deadline:
                raise CannotFollow(f"{self._topic} goes on, and nothing of it came for {SILENT_SECONDS:.0f} s")

    def _reached(self, ends: dict[int, int], partition: int, offset: int) -> None:
        self._ends[partition] = max(self._ends[partition], offset)
        if offset >= ends.get(partition, offset + 1):
            del ends[partition]
