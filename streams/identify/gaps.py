"""A source lost track of rows: what is left of them is not known one by one."""

from __future__ import annotations

from schemas.source import ALL_OBJECTS, Gap, Heard
from streams.governance.model import Governance
from streams.identify import keys, progress, sweeps
from tables.view import Workspace


def on_gap(ws: Workspace, governance: Governance, partition: int, event: Gap) -> None:
    """The watermark is withdrawn until the source is heard again."""
    entity = governance.entity_of(event.system, event.object) or event.object
    for object_ in (ALL_OBJECTS, entity):
        progress.withdraw(ws, event.system, object_, partition)
    sweeps.begin(ws, governance, event.system, [entity], event.committed_at, emptied=True)


def on_heard(ws: Workspace, governance: Governance, partition: int, event: Heard) -> None:
    """Where a snapshot has ended with it, what that did not show is gone (contracts 3)."""
    key = keys.snapshot_key(event.system)
    if event.phase == "snapshot":
        ws.put(key, {"epoch": event.epoch})
    elif event.phase == "streaming" and (begun := ws.get(key)) is not None and begun["epoch"] == event.epoch:
        ws.delete(key)
        _snapshot_ended(ws, governance, event)
    progress.on_heard(ws, governance, partition, event)


def _snapshot_ended(ws: Workspace, governance: Governance, event: Heard) -> None:
    if event.oldest_version and event.watermark is not None:
        entities = {mapping.entity for mapping in governance.mappings[event.system].values()}
        oldest = event.oldest_version
        sweeps.begin(ws, governance, event.system, entities, event.watermark, oldest_version=oldest)
