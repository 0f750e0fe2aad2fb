"""A deployment's past, made in bulk: the state of many customers, cloned from a few real ones into the changelog.

A customer is here what remains of one when its documents are settled and gone: its records in three systems, what they
demand, its process. The templates come from the real step; a clone has the template's values under ids of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from confluent_kafka import Producer

from schemas import topics
from streams.bench.cluster import Cluster
from streams.bench.step.log import codec, governance, records
from streams.bench.workload import PARTITIONS
from streams.inputs import Input
from streams.judge.stage import Judge
from streams.shard import Shard
from tables import changelog
from tables.state import PROGRESS, encode
from tables.view import MemoryView

SEED, EVENTS = 20261124, 6_000
"""Enough for some 250 customers, of which the last still wait for something."""
_KEPT = ("/customer/", "/external_id_writeback_missing/")
_WAIT_SECONDS = 120

Entry = tuple[bytes, bytes]


class Preloaded(NamedTuple):
    records: int
    value_bytes: int
    """Of all values together."""


def templates() -> list[tuple[bytes, list[Entry]]]:
    """(canonical id, its entries as the changelog has them) of every customer that the workload has made."""
    found: dict[str, list[Entry]] = {}
    for key, value in _state():
        kind, _, rest = key.partition("/")
        if kind in "cp" or any(kept in key for kept in _KEPT):
            found.setdefault(rest.partition("/")[0], []).append((key.encode(), encode(value)))
    return [(customer.encode(), entries) for customer, entries in found.items()]


def _state() -> Iterator[tuple[str, dict[str, Any]]]:
    governed, decode = governance(), codec().decode
    shards = [Shard(Judge(governed), number, MemoryView()) for number in range(governed.partitions)]
    made = list(records(SEED, EVENTS, governed))[: -(governed.partitions**2)]  # without the end, when nothing waits
    for number, (partition, key, data) in enumerate(made):
        name, value = decode(data)
        shards[partition].process(Input(topics.CHANGES, partition, number, key.decode(), name, value, {}))
        while shards[partition].has_due():
            shards[partition].settle()
    for shard in shards:
        yield from shard.state.items()


def clones(customers: int) -> Iterator[tuple[int, Entry]]:
    """(partition, entry): every customer's entries lie in the partition that its id says."""
    originals = templates()
    for number in range(customers):
        customer, entries = originals[number % len(originals)]
        clone = b"crm:%018d" % number
        partition = topics.partition_for(clone.decode(), PARTITIONS)
        for key, value in entries:
            yield partition, (key.replace(customer, clone), value.replace(customer, clone))


def preload(cluster: Cluster, topic: str, customers: int, input_topic: str) -> Preloaded:
    """Fill the changelog as workers would have, up to a commit at the beginning of the input."""
    producer = Producer(
        {"bootstrap.servers": cluster.bootstrap, "compression.type": "lz4", "linger.ms": 50, "enable.idempotence": True}
        | {"queue.buffering.max.messages": 500_000}
    )
    count = size = 0
    for partition, (key, value) in clones(customers):
        produce(producer, topic, key, value, partition)
        count, size = count + 1, size + len(value)
    progress = {"offsets": {input_topic: 0}, "committed_at_seconds": time.time()}
    progress["changelog_id"] = changelog.extent({"bootstrap.servers": cluster.bootstrap}, topic, 0).topic_id
    for partition in range(PARTITIONS):
        produce(producer, topic, PROGRESS.encode(), encode(progress), partition)
    if producer.flush(_WAIT_SECONDS):
        raise TimeoutError(f"{topic} was not filled in {_WAIT_SECONDS} s: is the broker up?")
    return Preloaded(count, size)


def produce(producer: Producer, topic: str, key: bytes, value: bytes, partition: int) -> None:
    while True:
        try:
            producer.produce(topic, value, key, partition)
        except BufferError:
            producer.poll(0.1)
        else:
            return
