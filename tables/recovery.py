"""Restore: replays a shard's changelog into its store, in bulk, from the position at which the store stands.

The changelog holds the same records as the store, written in the transactions of the commits. So its committed records
are exactly the state of the last finished commit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tables import changelog
from tables.broken import condemn, is_broken
from tables.changelog import Extent
from tables.deadlines import Deadlines, Waits
from tables.replica import Replica
from tables.state import RocksState

_BATCH = 10_000
_QUIET_SECONDS = 30.0


class RestoreStalled(Exception):
    """Stop: the broker sent no changelog records for too long. Check the broker, then start the worker again."""


class RestoreCancelled(Exception):
    """The shard has gone to another worker meanwhile; the store is closed and stays as far as it has come."""


@dataclass
class Advance:
    """How far a restore has come; another thread may look at it, or end it."""

    records: int = 0
    remaining: int | None = None
    """Up to the end of the changelog as it was found; fewer where it was compacted. None: not asked for yet."""
    moved_at: float = field(default_factory=time.monotonic)
    cancelled: bool = False
    _end: int = 0

    def begin(self, at: Extent, position: int | None) -> None:
        """From the position at which the store stands; None: from the beginning."""
        self._end = at.high
        self._stand(at.low if position is None else position)

    def moved(self, records: int, position: int) -> None:
        """By so many records, to this position."""
        self.records += records
        self.moved_at = time.monotonic()
        self._stand(position)

    def _stand(self, position: int) -> None:
        self.remaining = max(0, self._end - position)


class Restored(NamedTuple):
    state: RocksState
    records: int
    seconds: float
    changelog_id: str
    """The topic's id at the broker; progress records carry it, so that a recreated topic is told from a grown one."""
    deadlines: Deadlines


def restore(
    store: Path | Replica,
    client: Mapping[str, Any],
    topic: str,
    partition: int,
    waits: Waits,
    advance: Advance | None = None,
) -> Restored:
    """Bring the store of a shard to the end of its changelog: one in a folder, or a standby's, open and warm.

    The caller has fenced the previous owner. Raises StoreUnusable, ChangelogUnusable or RestoreStalled, each with a
    remedy; a store that is broken, stale or of another topic is discarded and restored in full."""
    started, advance = time.monotonic(), advance or Advance()
    replica = store if isinstance(store, Replica) else Replica(store, waits)
    try:
        extent = changelog.extent(client, topic, partition)
        replica.fit(extent, f"{topic}-{partition}")
        advance.begin(extent, replica.position)
        consumer = changelog.reader(client, f"restore-{topic}-{partition}", patience_ms=10)
        try:
            start = OFFSET_BEGINNING if replica.position is None else replica.position
            consumer.assign([TopicPartition(topic, partition, start)])
            _replay(consumer, replica, advance)
        finally:
            consumer.close()
    except BaseException as problem:
        replica.close()
        if is_broken(problem):
            condemn(replica.folder)
        raise
    assert replica.changelog_id is not None
    seconds = time.monotonic() - started
    return Restored(replica.state, advance.records, seconds, replica.changelog_id, replica.deadlines)


def _replay(consumer: Consumer, replica: Replica, advance: Advance) -> None:
    in_full = replica.is_empty
    while True:
        batch = changelog.read(consumer, _BATCH, timeout_seconds=0.05)
        if batch.records:
            replica.apply(batch.records, logged=not in_full)
            assert replica.position is not None
            advance.moved(len(batch.records), replica.position)
        if batch.ends:
            break
        if advance.cancelled:
            raise RestoreCancelled(str(replica.folder))
        if time.monotonic() - advance.moved_at > _QUIET_SECONDS:
            raise RestoreStalled(
                f"no changelog record of {replica.folder.name} for {_QUIET_SECONDS:.0f} s after {advance.records}; "
                f"check the broker, then start the worker again"
            )
    if in_full:
        replica.state.flush()
