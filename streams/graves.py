"""What is remembered of the drifts that judge does not raise, so that q2c.drifts holds each no longer than is governed
after its end (contracts 2). Judge, where a drift has several lives, remembers more (streams/judge/lives.py).

d/DRIFT/PARTITION   {due, gate}: its record there has ended; it gets a tombstone then, unless told anew before"""

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
    """This record of a drift is written; returns where its tombstone waits, and until when, if it is to have one."""
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
    """Its time may have come: it may have been told anew since, and ended again."""
    held = ws.get(key)
    if held is None or held["due"] > until:
        return
    drift_id, partition = key.removeprefix(GRAVES).split("/")
    ws.delete(key)
    ws.emit(Emit(topics.DRIFTS, drift_id, "Drift", None, partition=int(partition)))
