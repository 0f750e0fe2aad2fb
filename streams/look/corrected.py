"""One customer's corrected state, from one partition of its topic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas import topics
from schemas.entities import ENTITIES
from schemas.instants import Instant
from streams.governance.model import Governance
from streams.look.read import Cluster, Seen

_ORDER = list(ENTITIES)


@dataclass
class Customer:
    canonical_id: str
    process: dict[str, Any] | None = None
    entities: list[dict[str, Any]] = field(default_factory=list)
    read_from: str = ""
    """Topic-partition."""
    last_record_at: Instant | None = None
    """When the newest of this customer's records was produced."""


def read_customer(cluster: Cluster, governance: Governance, canonical_id: str) -> Customer:
    partition = topics.partition_for(canonical_id, governance.partitions)
    mine = (r for r in cluster.raw(topics.CORRECTED_STATE, (partition,)) if r.key.startswith(f"{canonical_id}/"))
    found = latest(canonical_id, (cluster.decode(record) for record in mine))
    found.read_from = f"{topics.CORRECTED_STATE}-{partition}"
    return found


def latest(canonical_id: str, records: Iterable[Seen]) -> Customer:
    """The last value of each key; tombstones take it away."""
    held: dict[str, Seen] = {}
    newest: Instant | None = None
    for seen in records:
        newest = max(newest or 0, seen.origin.timestamp_ms * 1_000)
        held[seen.origin.key] = seen
    found = Customer(canonical_id, last_record_at=newest)
    for seen in held.values():
        if seen.record == "ProcessState":
            found.process = seen.value
        elif seen.value is not None:
            found.entities.append(seen.value)
    found.entities.sort(key=lambda e: (_ORDER.index(e["entity"]), e["native_id"]))
    return found
