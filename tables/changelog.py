"""Reads a changelog topic, committed records only, up to its present end.

A reader that has reached the end has the state of the last finished commit. The broker tells it that the end is
reached; offsets do not, because compaction leaves gaps and a transaction ends with markers that no reader is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

CALL_TIMEOUT_SECONDS = 15.0
_PASSING = (
    # The client tries again by itself; whoever waits for records has a deadline of its own.
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
)


class ChangelogUnusable(Exception):
    """Stop: the changelog cannot be read. The text says which, why, and what to do."""


class Extent(NamedTuple):
    """What the broker says of one partition of a changelog."""

    topic_id: str
    """A topic that is deleted and created again has another id."""
    low: int
    high: int
    """The offset behind the last record, committed or not. Its writer knows of a commit before readers can see it."""


class Batch(NamedTuple):
    records: list[Message]
    ends: dict[tuple[str, int], int]
    """(topic, partition) whose end was reached -> the offset there."""


def reader(client: Mapping[str, Any], name: str, *, patience_ms: int) -> Consumer:
    """A consumer without a group: the caller assigns partitions and keeps the positions. `patience_ms`: how long the
    broker may hold an empty fetch, and so how long it takes to learn that the end is reached."""
    return Consumer(
        dict(client)
        | {
            "group.id": name,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": patience_ms,
            # By default a client with a full queue pauses for a second before it fetches again: more than half of the
            # time of a restore. With a short pause a small queue is enough, which bounds the memory of many restores.
            "fetch.queue.backoff.ms": 2,
            "queued.max.messages.kbytes": 16 * 1024,
            "fetch.message.max.bytes": 4 * 1024 * 1024,
        }
    )


def extent(client: Mapping[str, Any], topic: str, partition: int) -> Extent:
    """Ask the broker; raises ChangelogUnusable where there is no such partition, or no answer."""
    # Kept in a variable, since it must outlive the answers. By default it logs each event that it drops at its end.
    admin = AdminClient({"log_level": 4, **client})
    place = TopicPartition(topic, partition)
    try:
        described = admin.describe_topics(TopicCollection([topic]))[topic].result(CALL_TIMEOUT_SECONDS)
        if partition >= len(described.partitions):
            raise _unusable(topic, KafkaError(KafkaError._UNKNOWN_PARTITION))
        specs = (OffsetSpec.earliest(), OffsetSpec.latest())  # type: ignore[no-untyped-call]
        ends = [admin.list_offsets({place: spec})[place] for spec in specs]
        low, high = (end.result(CALL_TIMEOUT_SECONDS).offset for end in ends)
    except KafkaException as problem:
        raise _unusable(topic, problem.args[0]) from problem
    return Extent(str(described.topic_id), low, high)


def read(consumer: Consumer, count: int, timeout_seconds: float) -> Batch:
    """At most `count` records, as soon as there are some; none if the time is over."""
    messages = consumer.consume(count, timeout=timeout_seconds)
    batch = Batch([message for message in messages if message.error() is None], {})
    if len(batch.records) == len(messages):
        return batch
    for message in messages:
        error = message.error()
        if error is None:
            continue
        if error.code() == KafkaError._PARTITION_EOF:
            batch.ends[message.topic() or "", message.partition() or 0] = message.offset() or 0
        elif error.code() not in _PASSING:
            raise _unusable(message.topic() or "?", error)
    return batch


def _unusable(topic: str, error: KafkaError) -> ChangelogUnusable:
    remedy = {
        KafkaError.UNKNOWN_TOPIC_OR_PART: "create it with `driftwise topics`; its state is lost unless a store has it",
        KafkaError._UNKNOWN_PARTITION: "its partitions must be as many as governance says: see `driftwise topics`",
        KafkaError.TOPIC_AUTHORIZATION_FAILED: "allow this user to read and describe it",
    }.get(error.code(), "check the broker, then start the worker again")
    return ChangelogUnusable(f"cannot read {topic}: {error.str()}; {remedy}")
