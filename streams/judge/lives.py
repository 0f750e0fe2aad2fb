"""Lives: what judge remembers of a drift, so that q2c.drifts holds the right record of it, and for the governed time
only.

A drift that moves to another customer keeps its id; each customer is a *life* of it. In a compacted topic the last
record of an id stands, and that must be the latest life's. But an earlier life may be settled after it. So the latest
life is remembered beyond its end, for a governed span of event time. Then it is forgotten and its record gets a
tombstone, in one commit (contracts 2). Four things hold:

- A tombstone is written once all sources have passed its instant and everything due by then is judged. A drift that
  begins again by then calls it off; one that begins later is told after it. So nothing open is removed, wherever
  commits fall.
- A partition removes only its own records. If a drift moved to another partition, its record here goes when this life
  has been over for the span, whatever happens there.
- The span is longer than late evidence may amend verdicts, so no evidence reaches a forgotten life. An earlier life
  that evidence kept undecided for longer is told only for a moment, or not at all.
- Drifts that ended under a release without tombstones are in no queue: their record stays until they live again.

Instants are whole steps, like those at which documents leave (streams/judge/retention.py). They wait in the store
(streams/judge/forgotten.py), with one entry a step in the deadline index:

d/DRIFT                        {customer, opened_at} of its latest life; forgotten: at that instant, once it has ended
t/INSTANT/DRIFT                {}
o/~tombstones/due/-/INSTANT    {}: some wait for it"""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.instants import Instant, seconds
from streams.governance.model import Governance
from streams.judge.forgotten import forget, wait
from streams.judge.keys import drift_key, instant_of, tombstone_key, tombstones_prefix
from streams.judge.retention import in_steps
from tables.view import Emit, Value, Workspace

SLICE = 128
"""Tombstones of one commit."""


def is_last_word(ws: Workspace, governance: Governance, customer: str, drift: dict[str, Any]) -> bool:
    """Whether this record of a drift is to be published. Remembers its life, and when that is to be forgotten."""
    key = drift_key(drift["drift_id"])
    latest = ws.get(key)
    if drift["status"] == "closed":
        if latest is None or latest["customer"] != customer:
            return False
        kept = {"customer": customer, "opened_at": latest["opened_at"]}
        ws.put(key, kept | _ended(ws, governance, drift, latest))
        return True
    if latest is not None:
        if latest["opened_at"] > drift["opened_at"]:
            return False
        _call_off(ws, drift["drift_id"], latest)
    ws.put(key, {"customer": customer, "opened_at": drift["opened_at"]})
    return True


def forgotten_at(governance: Governance, closed_at: Instant) -> Instant | None:
    """When the tombstone of a drift that closed then is due; None: never."""
    governed = governance.ended_drift_retention_seconds
    return None if governed is None else in_steps(closed_at, seconds(governed))


def bury(ws: Workspace, text: str) -> None:
    """Forget one slice of what is due at an instant."""
    prefix = tombstones_prefix(instant_of(text))
    waiting = ws.range(prefix, SLICE)
    for key, _ in waiting:
        ws.delete(key)
        what = key.removeprefix(prefix)
        if "/" in what:
            forget(ws, instant_of(text), what)
        else:
            _forget(ws, what)
    if len(waiting) < SLICE:
        ws.delete(text)


def _forget(ws: Workspace, drift_id: str) -> None:
    latest = ws.get(drift_key(drift_id))
    if latest is None:
        return  # already forgotten: no reason to stop the worker
    ws.delete(drift_key(drift_id))
    ws.emit(Emit(topics.DRIFTS, drift_id, "Drift", None, partition_key=latest["customer"]))


def _ended(ws: Workspace, governance: Governance, drift: dict[str, Any], latest: Value) -> dict[str, Instant]:
    _call_off(ws, drift["drift_id"], latest)
    instant = forgotten_at(governance, drift["closed_at"])
    if instant is None:
        return {}
    wait(ws, instant, drift["drift_id"])
    return {"forgotten": instant}


def _call_off(ws: Workspace, drift_id: str, latest: Value) -> None:
    if "forgotten" in latest:
        ws.delete(tombstone_key(latest["forgotten"], drift_id))
