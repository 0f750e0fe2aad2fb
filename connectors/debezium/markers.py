"""Marker rows: one a partition, so that a heartbeat reaches every partition in commit order (contracts 3)."""

from __future__ import annotations

from itertools import count

from schemas.topics import partition_for


def marker_keys(partitions: int) -> tuple[str, ...]:
    """For each partition a key that Kafka's Java producer sends to it; the same for the same number of partitions."""
    return tuple(_key_for(partition, partitions) for partition in range(partitions))


def _key_for(partition: int, partitions: int) -> str:
    candidates = (f"marker-{partition}-{n}" for n in count())
    return next(key for key in candidates if partition_for(key, partitions) == partition)
