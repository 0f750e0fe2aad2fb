"""Tombstones for ended drifts of all stages but judge, a governed span after their end (contracts 2). Drifts of judge
may have several lives, so judge remembers more of them (streams/judge/lives.py).

d/DRIFT/PARTITION   {due, gate}: the drift's record in that partition has ended, and gets a tombstone when that is due
"""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.instants import Instant
from streams.governance.model import Governance
from streams.judge.lives import forgotten_at
from tables.deadlines import Gate
from tables.view import Emit, Value, Workspace

GRAVES = "d/"


def told(ws: Workspace, governance: Governance, drift: dict[str, Any], gate: Gate = ()) -> tuple[str, Instant] | None:
    """Call for each record of a drift that is written. Returns key and due time of its tombstone, if it gets one."""
    partition = topics.partition_for(drift["canonical_id"], governance.partitions)
    key = f"{GRAVES}{drift['drift_id']}/{partition}"
    due = forgotten_at(governance, drift["closed_at"]) if drift["status"] == "closed" else None
    if due is not None:
        ws.put(key, {"due": due, "gate": list(gate)})
        return key, due
    if ws.get(key) is not None:
        ws.delete(key)
    return None


def wake(key: str, value: Value | None) -> tuple[Gate, Instant] | None:
    """Where it waits, in a stage that has gates."""
    if value is None or not key.startswith(GRAVES):
        return None
    return tuple(value["gate"]), value["due"]


def bury(ws: Workspace, key: str, until: Instant) -> None:
    """Write the tombstone, unless the drift was told anew since and ended later."""
    held = ws.get(key)
    if held is None or held["due"] > until:
        return
    drift_id, partition = key.removeprefix(GRAVES).split("/")
    ws.delete(key)
    ws.emit(Emit(topics.DRIFTS, drift_id, "Drift", None, partition=int(partition)))
