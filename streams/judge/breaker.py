"""Breakers: while corrections of a kind, or to a system, go wrong (streams/fleet/breaker.py), or a kind drifts in so
many customers at once that it is hardly they (M8), commands are only proposed.

b/SCOPE/NAME/DRIFT    {opened, closed}: what had been heard when that was told; null: it stands

A turn counts for what had not been decided when it was told, not for what happened not to be worked off yet: so it
hangs on the order of the input alone, and a replay repeats it."""

from __future__ import annotations

from typing import Any

from schemas.instants import ALWAYS, NEVER, Instant
from streams.governance.model import Governance
from streams.judge.gates import decidable_until
from streams.judge.keys import MARKS
from streams.kinds.asof import AsOf
from streams.kinds.table import Kind
from tables.view import Value, Workspace
from tables.watermarks import Marks, Minima

REASON = "breaker"
_AT_A_TIME = 100


def on_turn(ws: Workspace, value: dict[str, Any], forgotten: Instant) -> None:
    """`forgotten`: behind it no verdict looks."""
    prefix, heard = _prefix(value["scope"], value["name"]), ws.get(MARKS) or {}
    for key, turned in ws.range(prefix, _AT_A_TIME):
        if turned.get("closed") is not None and _latest(turned["closed"]) < forgotten:
            ws.delete(key)
    key = f"{prefix}{value['drift_id']}"
    known = {"opened": heard} if value["closed_at"] is None else ws.get(key)
    if known is not None:
        ws.put(key, {**known, "closed": None if value["closed_at"] is None else heard})


def is_open(ws: Workspace, now: AsOf, kind: Kind, system: str, target: str) -> bool:
    """For a verdict about a subject of the system, whose command goes to the target."""
    scopes = (_prefix("kind", kind.name), _prefix("system", target))
    turns = (known for prefix in scopes for _, known in ws.range(prefix, _AT_A_TIME))
    return any(_applies(known, now, kind, system) for known in turns)


def decided(heard: Marks, governance: Governance, kind: Kind, system: str) -> Instant:
    """Up to which instant verdicts could be given by what had been heard."""
    return decidable_until(Minima(heard, governance.partitions), governance, kind, system)[0]


def _applies(known: Value, now: AsOf, kind: Kind, system: str) -> bool:
    def passed(heard: Marks | None, missing: Instant) -> Instant:
        return missing if heard is None else decided(heard, now.governance, kind, system)

    # One that an earlier release kept says nothing of what had been heard.
    return passed(known.get("opened"), NEVER) < now.instant <= passed(known.get("closed"), ALWAYS)


def _latest(heard: Marks) -> Instant:
    marks = (mark[2] for reports in heard.values() for mark in reports.values())
    return max((mark for mark in marks if mark is not None), default=NEVER)


def _prefix(scope: str, name: str) -> str:
    return f"b/{scope}/{name}/"
