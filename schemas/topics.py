"""Every topic of a deployment: what it carries, how it is keyed and partitioned, how long it is kept (contracts 2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from aiokafka.partitioner import murmur2

DAY = 24 * 60 * 60.0
REPLAY_WINDOW, AUDIT_RETENTION = "replay_window_seconds", "audit_retention_seconds"
KEPT: dict[str, float] = {
    # governed key: what it is where nobody governs it
    REPLAY_WINDOW: 30 * DAY,
    AUDIT_RETENTION: 3650 * DAY,
}


class Topic(NamedTuple):
    name: str
    carries: str
    key: str
    cleanup: str = "delete"
    kept_seconds: float | None = None
    """None: for ever."""
    kept_by: str | None = None
    """The governed key that decides how long; None: nobody governs it."""
    partitions: int | None = None
    """None: the governed number of partitions N."""
    record_bytes_max: int | None = None
    """None: the broker's limit."""

    def config(self) -> dict[str, str]:
        config = {"cleanup.policy": self.cleanup, "message.timestamp.type": "CreateTime"}
        if self.cleanup == "compact":
            # Markers outlive a store that was away for half of this (contracts 1); compaction keeps restores short.
            config |= {"delete.retention.ms": _milliseconds(7 * DAY), "min.cleanable.dirty.ratio": "0.1"}
        else:
            config |= {"retention.ms": _milliseconds(self.kept_seconds)}
        if self.record_bytes_max is not None:
            config |= {"max.message.bytes": str(self.record_bytes_max)}
        return config


def _milliseconds(seconds: float | None) -> str:
    return "-1" if seconds is None else str(round(seconds * 1000))


CHANGES = "q2c.changes"
CROSSWALK = "q2c.crosswalk"
LINKS = "q2c.links"
BUSINESS_KEYS = "q2c.business-keys"
PROGRESS = "q2c.progress"
CORRECTED_STATE = "q2c.corrected-state"
DRIFTS = "q2c.drifts"
COMMANDS = "q2c.commands"
COMMAND_RESULTS = "q2c.command-results"
AUDIT = "q2c.audit"
DEAD_LETTERS = "q2c.dead-letters"
CHANGELOG = "q2c.changelog."
_SOURCE = "src."
CORRELATION_HEADER = "correlation-id"
"""Of commands and their results: the business transaction, where the evidence names one. No content: an id issued again
is the same command, whatever is known of its transaction by then."""

_SHARED = (
    Topic(
        LINKS,
        "which native records say they belong together, with progress",
        "system/native customer id",
        kept_by=REPLAY_WINDOW,
        partitions=1,
    ),
    Topic(CROSSWALK, "canonical id of every native customer, with progress", "system/native customer id", "compact"),
    Topic(BUSINESS_KEYS, "which records have a business key, with progress", "business key", kept_by=REPLAY_WINDOW),
    Topic(CHANGES, "canonical changes, moves, holes and watermarks", "canonical customer id", kept_by=REPLAY_WINDOW),
    Topic(
        PROGRESS,
        "watermarks of every source object and observations of sources",
        "system",
        kept_seconds=7 * DAY,
        partitions=1,
    ),
    Topic(
        CORRECTED_STATE,
        "each entity's attributes from their systems of record",
        "canonical id/entity/native id",
        "compact",
    ),
    Topic(
        DRIFTS,
        "one record a drift, rewritten at each transition; a tombstone a governed span after its end",
        "drift id",
        "compact",
    ),
    Topic(COMMANDS, "corrections to perform or to propose", "target system/native subject", kept_seconds=30 * DAY),
    Topic(COMMAND_RESULTS, "what became of each command", "target system/native subject", kept_seconds=30 * DAY),
    Topic(AUDIT, "one record a settled obligation or dismissed letter", "drift id", kept_by=AUDIT_RETENTION),
    Topic(
        DEAD_LETTERS,
        "input that could not be read or mapped, with its origin",
        "original key",
        kept_seconds=30 * DAY,
        record_bytes_max=2 * 1024 * 1024,  # the largest record of any other topic, and a letter's words around it
    ),
    Topic(CHANGELOG + "identify", "state of the identify stage", "entity key", "compact"),
    Topic(CHANGELOG + "crosswalk", "state of the crosswalk stage", "entity key", "compact", partitions=1),
    Topic(CHANGELOG + "judge", "state of the judge stage", "entity key", "compact"),
    Topic(CHANGELOG + "suspects", "state of the suspects stage", "entity key", "compact"),
    Topic(CHANGELOG + "fleet", "state of the fleet stage", "entity key", "compact", partitions=1),
)


SINGLE_PARTITION = frozenset(topic.name for topic in _SHARED if topic.partitions == 1)


def source_topic(system: str) -> str:
    return f"{_SOURCE}{system}"


def is_source(topic: str) -> bool:
    return topic.startswith(_SOURCE)


def cursor_topic(system: str) -> str:
    return f"{_SOURCE}{system}.cursor"


def topics(
    systems: tuple[str, ...], polled: tuple[str, ...] = (), kept: Mapping[str, float | None] = KEPT
) -> tuple[Topic, ...]:
    """All topics of a deployment with these system instances; `polled` ones have a connector that keeps a cursor.
    `kept`: how long is governed; None: for ever."""
    sources = tuple(
        Topic(source_topic(s), f"changes of {s} as captured", "native customer id", kept_by=REPLAY_WINDOW)
        for s in systems
    )
    cursors = tuple(
        Topic(cursor_topic(s), f"cursor and row index of the poller of {s}", "object or row", "compact", partitions=1)
        for s in polled
    )
    every = sources + cursors + _SHARED
    return tuple(t._replace(kept_seconds=kept[t.kept_by]) if t.kept_by else t for t in every)


@lru_cache(maxsize=100_000)  # the hash is Python; whoever has just been asked for comes again
def partition_for(key: str, partitions: int) -> int:
    """The partition that Kafka's Java producer, Connect and librdkafka's `murmur2` give this key."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions
