"""Lives: what is remembered of a drift so that q2c.drifts holds the last word on it, and no longer than is governed.

A drift that moved keeps its id, and in a compacted topic the last record is the word on it: that of its latest life,
though an earlier one at another customer of this partition may be settled after it, even when both have ended. So the
latest life is remembered beyond its end, until the governed span after that is over in event time. Then it is forgotten
and its record gets a tombstone, in one commit (contracts 2). Four things hold:

- A tombstone comes once all sources have passed its instant and all that was due by then is judged. What begins again
  by then calls it off; what begins later is told behind it. So nothing open is removed, wherever commits fall.
- A partition removes what it told itself. Of a drift that moved to another one, the record that says so goes when that
  life is over for so long, whatever has become of it there.
- The span is longer than late evidence may amend verdicts, so none reaches a life that is forgotten. An earlier life
  that evidence kept undecided for longer is told for a moment when it ends, or not at all.
- What ended before a release that does this is in no queue: its record stays until its drift lives again.

Instants are whole steps, as those at which documents leave (streams/judge/retention.py), and wait like them in the
store (streams/judge/forgotten.py), with one entry a step in the deadline index:

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
    """Whether this record of a drift is the word on it. Its life is remembered, and when that is to be forgotten."""
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
    """When the tombstone of what ended then is due; None: never."""
    governed = governance.ended_drift_retention_seconds
    return None if governed is None else in_steps(closed_at, seconds(governed))


def bury(ws: Workspace, text: str) -> None:
    """One slice of what is forgotten at an instant."""
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
        return  # a worker does not end for what nobody knows any more
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
