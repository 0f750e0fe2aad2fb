"""Whether a contestant's output is the join: a wrong one is void, however fast."""

from __future__ import annotations

import io
import time
from collections import defaultdict
from typing import Any, NamedTuple

import fastavro
from confluent_kafka import Consumer, Message, TopicPartition

from streams.bench.cluster import Cluster, Loaded
from streams.bench.workload import JOINED, PARTITIONS, header

_SAMPLED = b"7"
"""Keys that end so are checked one by one: one in ten."""
_QUIET_SECONDS = 30.0


class Verdict(NamedTuple):
    outputs: int
    wrong: str | None
    """What is wrong with it, or None."""


class WrongJoin(Exception):
    """The text says what is wrong; the run is void."""


def check(cluster: Cluster, output: str, loaded: Loaded, *, collapsed: bool, finished: bool) -> Verdict:
    """Read the committed output. The n-th output of a key joins n inputs; in a collapsed one the number never falls
    (Kafka Streams repeats a result where both caches held the key); a finished one ends with all inputs of the key."""
    counts = [0] * PARTITIONS
    latest: dict[bytes, tuple[int, int]] = defaultdict(lambda: (0, 0))
    parsed, magic = fastavro.parse_schema(JOINED), header(JOINED)
    try:
        for message in committed(cluster, output):
            counts[message.partition() or 0] += 1
            key = message.key() or b""
            if key.endswith(_SAMPLED):
                latest[key] = _follow(latest[key], key, _decode(message.value() or b"", magic, parsed), collapsed)
        if finished:
            _compare_ends(loaded, latest, counts, collapsed)
    except WrongJoin as problem:
        return Verdict(sum(counts), str(problem))
    return Verdict(sum(counts), None)


def committed(cluster: Cluster, topic: str) -> Any:
    """Every committed record of a topic as it stands now."""
    consumer = Consumer(
        {
            "bootstrap.servers": cluster.bootstrap,
            "group.id": "bench-check",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        ended: set[int | None] = set()
        deadline = time.monotonic() + _QUIET_SECONDS
        while len(ended) < PARTITIONS:
            messages = consumer.consume(10_000, timeout=0.1)
            if messages:
                deadline = time.monotonic() + _QUIET_SECONDS
            elif time.monotonic() > deadline:
                raise WrongJoin(f"{topic} did not come to its end for {_QUIET_SECONDS:.0f} s")
            for message in messages:
                if message.error() is None:
                    yield message
                else:
                    ended.add(message.partition())
    finally:
        consumer.close()


def _decode(data: bytes, magic: bytes, parsed: Any) -> Any:
    if data[:5] != magic:
        raise WrongJoin(f"an output begins with {data[:5].hex()}, not with {magic.hex()}")
    return fastavro.schemaless_reader(io.BytesIO(data[5:]), parsed, None)


def _follow(before: tuple[int, int], key: bytes, joined: Any, collapsed: bool) -> tuple[int, int]:
    now = (joined["left"], joined["right"])
    rise = sum(now) - sum(before)
    if joined["id"].encode() != key or min(n - b for n, b in zip(now, before, strict=True)) < 0:
        raise WrongJoin(f"{key!r} went from {before} to {now}")
    if rise != 1 and not collapsed:
        raise WrongJoin(f"{key!r} went from {before} to {now}: {'a repeat' if rise < 1 else 'an output is missing'}")
    return now


def _compare_ends(loaded: Loaded, latest: dict[bytes, tuple[int, int]], counts: list[int], collapsed: bool) -> None:
    for key, found in latest.items():
        if found != (expected := loaded.workload.total(key.decode())):
            raise WrongJoin(f"{key!r} ends at {found}, not at {expected}")
    if not collapsed and tuple(counts) != loaded.by_partition:
        raise WrongJoin(f"{counts} outputs by partition, {loaded.by_partition} inputs")


def distinct_keys_per_commit(cluster: Cluster, changelog: str, progress_key: bytes) -> float:
    """Changelog records of ours for each progress record, of which a commit has one a partition."""
    commits = entries = 0
    for message in committed(cluster, changelog):
        if _key(message) == progress_key:
            commits += 1
        else:
            entries += 1
    return entries / max(1, commits)


def _key(message: Message) -> bytes:
    return message.key() or b""
