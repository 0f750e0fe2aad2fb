"""Remembers which versions are lost, and since when: a snapshot did not show their rows, or their table was emptied.

A presumed deletion is a version too. It sorts after all that it takes away and before all that the snapshot showed
(contracts 3). So an older version brings nothing back when it comes late, for example as a dead letter replayed after
the snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.instants import Instant
from streams.identify import keys
from tables.view import Value, Workspace

REMEMBERED = 16
"""Losses of an entity. A version older than all of them counts as gone with the oldest."""


class Loss(NamedTuple):
    oldest_version: str
    """The oldest version that is not lost. Empty: unknown."""
    at: Instant


def remember(ws: Workspace, system: str, entities: Iterable[str], loss: Loss) -> None:
    """Remember the loss, also for rows that are not known yet."""
    key = keys.sweep_key(system)
    known = ws.get(key) or {"begun": 0, "sweeps": []}
    gone = known.get("gone", {})
    ws.put(key, {**known, "gone": {**gone, **{entity: _with(gone.get(entity, []), loss) for entity in entities}}})


def _with(losses: list[list[object]], loss: Loss) -> list[list[object]]:
    if any(version == loss.oldest_version for version, _ in losses):
        return losses
    return sorted([*losses, list(loss)])[-REMEMBERED:]


def lost(known: Value | None, entity: str, version: str) -> Loss | None:
    """The loss that took this version away; None: it is not lost. `known`: the system's entry in the state."""
    losses = () if known is None else known.get("gone", {}).get(entity, ())
    return next((Loss(*each) for each in losses if version < each[0]), None)
