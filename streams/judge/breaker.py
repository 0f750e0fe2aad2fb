"""Breakers: while corrections of a kind, or to a system, go wrong (streams/fleet/breaker.py), or a kind drifts in so
many customers at once that it is hardly they (M8), commands are only proposed.

b/SCOPE/NAME/DRIFT    {opened_at} of what stops them"""

from __future__ import annotations

from typing import Any

from tables.view import Workspace


def on_turn(ws: Workspace, value: dict[str, Any]) -> None:
    key = f"{_prefix(value['scope'], value['name'])}{value['drift_id']}"
    if value["closed_at"] is None:
        ws.put(key, {"opened_at": value["opened_at"]})
    else:
        ws.delete(key)


def is_open(ws: Workspace, kind: str, target: str) -> bool:
    return any(ws.range(_prefix(scope, name), 1) for scope, name in (("kind", kind), ("system", target)))


def _prefix(scope: str, name: str) -> str:
    return f"b/{scope}/{name}/"
