"""Corrections that were withheld or only proposed while a breaker was open, somebody had halted them or many customers
drifted at once. Once nothing stops them any more they are asked for, if their drift still stands: judge says.

h/DRIFT   where it is, and the system that its command goes to"""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.instants import NEVER, Instant
from streams.fleet import breaker, mass
from streams.fleet.table import AGAIN, clock, wait
from streams.governance.model import Governance
from tables.view import Emit, Value, Workspace

SLICE = 256
"""Most entries looked at in one step."""
_KEPT = ("drift_id", "kind", "canonical_id", "system", "entity", "native_id")


def withhold(ws: Workspace, drift: dict[str, Any], target: str, at: Instant = NEVER) -> None:
    """Remember a correction as withheld, as judge or an executor says; they may hear later than we that a stop has
    ended."""
    held = {**{name: drift[name] for name in _KEPT}, "target_system": target}
    if _is_stopped(ws, held):
        ws.put(_key(drift["drift_id"]), held)
    else:
        _let_go(ws, held, at)


def forget(ws: Workspace, drift_id: str) -> None:
    """Forget it: its drift has ended."""
    if ws.get(_key(drift_id)) is not None:
        ws.delete(_key(drift_id))


def due(ws: Workspace, governance: Governance, key: str) -> None:
    """A stop has ended; `key` ends with the one looked at last."""
    found = ws.range(AGAIN, SLICE, key.removeprefix(AGAIN))
    for text, held in found:
        if not _is_stopped(ws, held):
            ws.delete(text)
            _let_go(ws, held)
    if len(found) == SLICE:
        wait(ws, clock(ws), f"{AGAIN}{found[-1][0]}")


def _key(drift_id: str) -> str:
    return f"{AGAIN}{drift_id}"


def _is_stopped(ws: Workspace, held: Value) -> bool:
    return mass.stops(ws, held["kind"]) or breaker.stops(ws, held["kind"], held["target_system"])


def _let_go(ws: Workspace, held: Value, at: Instant = NEVER) -> None:
    value = {**{name: held[name] for name in _KEPT}, "released_at": max(clock(ws), at)}
    ws.emit(Emit(topics.CHANGES, held["canonical_id"], "CorrectionReleased", value))
