"""Breakers, as judge sees them. Commands are only proposed while corrections of a kind or to a system fail
(streams/fleet/breaker.py), or while a kind drifts in so many customers that the cause is elsewhere (M8).

b/SCOPE/NAME/DRIFT    {opened, closed}: what had been heard when judge was told; without `closed` the breaker is open

Opening and closing count for instants that could not be decided yet when judge was told. They do not depend on which of
those happened to be settled by then. So a replay gives the same."""

from __future__ import annotations

from typing import Any

from schemas.instants import ALWAYS, NEVER, Instant
from streams.governance.model import Governance
from streams.judge.forgotten import put_until
from streams.judge.gates import decidable_until
from streams.judge.reached import reached
from streams.kinds.asof import AsOf
from streams.kinds.table import Kind
from tables.view import Value, Workspace
from tables.watermarks import Marks, Minima, newest

REASON = "breaker"
_AT_A_TIME = 100


def on_turn(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key, heard = f"{_prefix(value['scope'], value['name'])}{value['drift_id']}", reached(ws)
    known = ws.get(key)
    if value["closed_at"] is None:
        ws.put(key, known or {"opened": heard})
    elif known is not None and known.get("closed") is None:
        put_until(ws, governance, key, {**known, "closed": heard}, newest(heard))


def is_open(ws: Workspace, now: AsOf, kind: Kind, system: str, target: str) -> bool:
    """Whether a breaker stops this kind's command to the target. `system`: of the subject."""
    scopes = (_prefix("kind", kind.name), _prefix("system", target))
    turns = (known for prefix in scopes for _, known in ws.range(prefix, _AT_A_TIME))
    return any(counted(known, now, kind, system) for known in turns)


def decided(heard: Marks, governance: Governance, kind: Kind, system: str) -> Instant:
    """Up to which instant verdicts could be given when that much had been heard."""
    return decidable_until(Minima(heard, governance.partitions), governance, kind, system)[0]


def counted(known: Value, now: AsOf, kind: Kind, system: str) -> bool:
    """Whether it was open when the instant could first be judged."""

    def passed(heard: Marks | None, missing: Instant) -> Instant:
        return missing if heard is None else decided(heard, now.governance, kind, system)

    # An entry of an earlier release does not say what had been heard.
    return passed(known.get("opened"), NEVER) < now.instant <= passed(known.get("closed"), ALWAYS)


def _prefix(scope: str, name: str) -> str:
    return f"b/{scope}/{name}/"
