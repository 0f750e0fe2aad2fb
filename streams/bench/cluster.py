"""The broker's side of a benchmark: topics made and taken away, the input loaded, and how far an output has come."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.bench.workload import PARTITIONS, SIDES, Workload

_WAIT_SECONDS = 30
QUIET: Mapping[str, int] = {"log_level": 0}
"""Of a client that outlives the broker: it need not say so."""


class Loaded(NamedTuple):
    """The input of one distribution, in its two topics."""

    workload: Workload
    left: str
    right: str
    by_partition: tuple[int, ...]
    """Events of both topics in each partition."""

    @property
    def events(self) -> int:
        return self.workload.size.events


class Cluster:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        client: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, **QUIET}
        self._admin = AdminClient(client)
        self._reader = Consumer(client | {"group.id": "bench", "isolation.level": "read_committed"})

    def create(self, names: Iterable[str], config: Mapping[str, str] | None = None) -> None:
        made = [NewTopic(name, PARTITIONS, 1, config=dict(config or {})) for name in names]
        for future in self._admin.create_topics(made).values():
            future.result(_WAIT_SECONDS)
        for topic in made:
            self._wait_for_leaders(topic.topic)

    def _wait_for_leaders(self, topic: str) -> None:
        """A topic is created before its partitions answer."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                self._reader.list_topics(topic, timeout=_WAIT_SECONDS)  # else it goes on asking whom it asked first
                self.committed_ends(topic)
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def delete(self, mark: str) -> None:
        """Take away every topic whose name contains the mark of a run, so that no run fills the disk of the next."""
        names = [name for name in self._admin.list_topics(timeout=_WAIT_SECONDS).topics if mark in name]
        for future in self._admin.delete_topics(names).values() if names else ():
            future.result(_WAIT_SECONDS)

    def committed_ends(self, topic: str) -> tuple[int, ...]:
        """The last stable offset of each partition: what a reader of committed records may see up to.

        Transaction markers count too, one a transaction and partition."""
        return tuple(
            self._reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=_WAIT_SECONDS)[1]
            for partition in range(PARTITIONS)
        )

    def group_position(self, group: str) -> int:
        """The sum of a consumer group's committed offsets; 0 while there is no group."""
        try:
            asked = self._admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
            held = asked[group].result(_WAIT_SECONDS).topic_partitions
        except KafkaException:
            return 0
        return sum(max(0, each.offset) for each in held)

    def load(self, workload: Workload) -> Loaded:
        """Write the events, both sides in one order, to new topics."""
        names = [f"bench.{workload.distribution}.{side}" for side in SIDES]
        self.create(names)
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                **QUIET,
                "partitioner": "murmur2",
                "compression.type": "lz4",
                "linger.ms": 50,
                "queue.buffering.max.messages": 200_000,
            }
        )
        for side, key, value in workload.events():
            while True:
                try:
                    producer.produce(names[side], value, key)
                    break
                except BufferError:
                    producer.poll(0.1)
        if left := producer.flush(_WAIT_SECONDS):
            raise TimeoutError(f"{left} events of {workload.distribution} were not written in time: is the broker up?")
        ends = [self.committed_ends(name) for name in names]
        return Loaded(workload, names[0], names[1], tuple(map(sum, zip(*ends, strict=True))))
