"""A deployment's past, made in bulk: the state of many customers, cloned from a few real ones into the changelog.

A customer is here what remains of one when its documents are settled and gone: its records in three systems, what they
demand, its process. The templates come from the real step; a clone has the template's values under ids of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from confluent_kafka import Producer

from schemas import topics
from schemas.instants import SECOND
from streams.bench.cluster import QUIET, Cluster
from streams.bench.step.log import codec, governance, records
from streams.bench.step.rows import STARTED_AT, heard
from streams.bench.workload import PARTITIONS
from streams.inputs import Input
from streams.judge.stage import Judge
from streams.shard import Shard
from tables import changelog
from tables.state import PROGRESS, encode
from tables.view import MemoryView

SEED, EVENTS = 20261124, 6_000
"""Enough for some 300 customers."""
WAITING_EVERY = 20
"""As many customers owe something whose deadline is still ahead."""
_LONG_AFTER = STARTED_AT + 3600 * SECOND
"""Past every deadline."""
_KEPT = ("/customer/", "/external_id_writeback_missing/")
_WAIT_SECONDS = 120

Entry = tuple[bytes, bytes]


class Preloaded(NamedTuple):
    records: int
    value_bytes: int
    """Of all values together."""


def templates(*, waiting: bool) -> list[tuple[bytes, list[Entry]]]:
    """(canonical id, its entries as the changelog has them) of every customer of the workload: while it is waited for
    what they owe, or when all is decided."""
    found: dict[str, list[Entry]] = {}
    for key, value in _state(waiting=waiting):
        kind, _, rest = key.partition("/")
        if kind in "cp" or any(kept in key for kept in _KEPT):
            found.setdefault(rest.partition("/")[0], []).append((key.encode(), encode(value)))
    return [(customer.encode(), entries) for customer, entries in found.items()]


def _state(*, waiting: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    governed, decode = governance(), codec().decode
    shards = [Shard(Judge(governed), number, MemoryView()) for number in range(governed.partitions)]
    for partition, key, data in records(SEED, EVENTS, governed):
        name, value = decode(data)
        _judge(shards[partition], key, name, value)
    for shard in shards:
        for upstream in () if waiting else range(governed.partitions):
            _judge(shard, b"", "Watermarks", heard(governed, upstream, _LONG_AFTER))
        yield from shard.state.items()


def _judge(shard: Shard, key: bytes, name: str, value: dict[str, Any]) -> None:
    shard.process(Input(topics.CHANGES, shard.partition, 0, key.decode(), name, value, {}))
    while shard.has_due():
        shard.settle()


def clones(customers: int) -> Iterator[tuple[int, Entry]]:
    """(partition, entry): every customer's entries lie in the partition that its id says."""
    decided, waiting = templates(waiting=False), templates(waiting=True)
    for number in range(customers):
        originals = decided if number % WAITING_EVERY else waiting
        customer, entries = originals[number % len(originals)]
        clone = b"crm:%018d" % number
        partition = topics.partition_for(clone.decode(), PARTITIONS)
        for key, value in entries:
            yield partition, (key.replace(customer, clone), value.replace(customer, clone))


def preload(cluster: Cluster, topic: str, customers: int, input_topic: str) -> Preloaded:
    """Fill the changelog as workers would have, up to a commit at the beginning of the input."""
    producer = Producer(
        {"bootstrap.servers": cluster.bootstrap, "compression.type": "lz4", "linger.ms": 50, "enable.idempotence": True}
        | {"queue.buffering.max.messages": 500_000, **QUIET}
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
