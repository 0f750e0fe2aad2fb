"""Restore: replay a shard's changelog into its store, in bulk and from where the store stands.

The changelog holds the same records as the store, committed in the same transactions, so what a read_committed reader
sees up to the end of the log is exactly the state of the last finished commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from tables.state import PROGRESS, RocksState, decode, destroy, encode

log = logging.getLogger(__name__)
STALE_AFTER_SECONDS = 3.5 * 24 * 3600
"""Half of the changelogs' delete.retention.ms: a tombstone that this store never saw may be gone by then."""
_BATCH = 10_000
_QUIET_SECONDS = 30.0


class RestoreStalled(Exception):
    """Stop: the broker sent no changelog records for too long. Check the broker, then start the worker again."""


class Restored(NamedTuple):
    state: RocksState
    records: int
    seconds: float
    changelog_id: str
    """The topic's id at the broker; progress records carry it, so that a recreated topic is told from a grown one."""


def restore(folder: Path, client: Mapping[str, Any], topic: str, partition: int) -> Restored:
    """Open the store of a shard and bring it to the end of its changelog. The caller has fenced the previous owner."""
    started = time.monotonic()
    changelog_id = _topic_id(client, topic)
    state = _open(folder)
    start = _resume_offset(state, changelog_id)
    consumer = Consumer(
        dict(client)
        | {
            "group.id": f"restore-{topic}-{partition}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)
        if state.progress() is not None and (start is None or not low <= start <= high):
            log.warning("%s does not fit its changelog %s-%d any more; restoring in full", folder, topic, partition)
            state.close()
            destroy(folder)
            state, start = _open(folder), None
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING if start is None else start)])
        records = _replay(consumer, state)
    finally:
        consumer.close()
    return Restored(state, records, time.monotonic() - started, changelog_id)


def _open(folder: Path) -> RocksState:
    try:
        state = RocksState(folder)
        progress = state.progress()
    except Exception as problem:  # rocksdict raises plain Exception for corruption
        if "lock" in str(problem).lower():
            raise
        log.warning("%s cannot be opened (%s); restoring in full", folder, problem)
        destroy(folder)
        return RocksState(folder)
    if progress and time.time() - progress["committed_at_seconds"] > STALE_AFTER_SECONDS:
        log.warning("%s is older than tombstones are kept; restoring in full", folder)
        state.close()
        destroy(folder)
        return RocksState(folder)
    return state


def _topic_id(client: Mapping[str, Any], topic: str) -> str:
    admin = AdminClient(dict(client))  # must outlive the answer
    return str(admin.describe_topics(TopicCollection([topic]))[topic].result(15).topic_id)


def _resume_offset(state: RocksState, changelog_id: str) -> int | None:
    """Where in the changelog the store stands; None: nowhere, or in a topic that is no more."""
    progress = state.progress() or {}
    return progress.get("changelog_offset") if progress.get("changelog_id") == changelog_id else None


def _replay(consumer: Consumer, state: RocksState) -> int:
    count, quiet_since = 0, time.monotonic()
    while True:
        messages = consumer.consume(_BATCH, timeout=0.05)
        errors = [error for m in messages if (error := m.error()) is not None]
        end = any(error.code() == KafkaError._PARTITION_EOF for error in errors)
        records = [m for m in messages if m.error() is None]
        if records:
            state.load(_written(records))
            count += len(records)
            quiet_since = time.monotonic()
        if end:
            return count
        if time.monotonic() - quiet_since > _QUIET_SECONDS:
            raise RestoreStalled(f"no changelog record for {_QUIET_SECONDS:.0f} s after {count} records")


def _written(messages: list[Message]) -> list[tuple[bytes, bytes | None]]:
    """The progress record learns where in the changelog the store stands, as it does after a commit of our own."""
    found: list[tuple[bytes, bytes | None]] = []
    for message in messages:
        key, data = message.key() or b"", message.value()
        if key == PROGRESS.encode() and data is not None:
            data = _with_offset(data, (message.offset() or 0) + 1)
        found.append((key, data))
    return found


def _with_offset(data: bytes, offset: int) -> bytes:
    return encode({**decode(data), "changelog_offset": offset})
