"""As of which version a source has lost rows, and since when: a snapshot did not show them, their table was emptied.

A presumed deletion is a version too: behind all that it takes away, before all that the snapshot showed (contracts 3).
So what is older brings nothing back, whenever it comes, as a dead letter does that is replayed behind the snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.instants import Instant
from streams.identify import keys
from tables.view import Value, Workspace

REMEMBERED = 16
"""Of an entity. What is older than all of them is gone as of the oldest that is remembered."""


class Loss(NamedTuple):
    oldest_version: str
    """Not lost. Empty: it is not told."""
    at: Instant


def remember(ws: Workspace, system: str, entities: Iterable[str], loss: Loss) -> None:
    """Also of rows that are not known by now."""
    key = keys.sweep_key(system)
    known = ws.get(key) or {"begun": 0, "sweeps": []}
    gone = known.get("gone", {})
    ws.put(key, {**known, "gone": {**gone, **{entity: _with(gone.get(entity, []), loss) for entity in entities}}})


def _with(losses: list[list[object]], loss: Loss) -> list[list[object]]:
    if any(version == loss.oldest_version for version, _ in losses):
        return losses
    return sorted([*losses, list(loss)])[-REMEMBERED:]


def lost(known: Value | None, entity: str, version: str) -> Loss | None:
    """With which loss this version is gone, if no other follows it before; None: it is not. `known`: of the system."""
    losses = () if known is None else known.get("gone", {}).get(entity, ())
    return next((Loss(*each) for each in losses if version < each[0]), None)
