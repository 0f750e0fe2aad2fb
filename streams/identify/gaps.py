"""Gaps and snapshots: a source has lost rows without a record of each, so what vanished has to be found."""

from __future__ import annotations

from schemas.source import ALL_OBJECTS, Gap, Heard, SourceRow
from streams.governance.model import Governance
from streams.identify import keys, losses, progress, sweeps
from streams.identify.losses import Loss
from tables.view import Workspace


def on_gap(ws: Workspace, governance: Governance, partition: int, event: Gap) -> None:
    """The watermark is withdrawn until the source is heard again."""
    entity = governance.entity_of(event.system, event.object) or event.object
    for object_ in (ALL_OBJECTS, entity):
        progress.withdraw(ws, event.system, object_, partition)
    sweeps.begin(ws, governance, event.system, [entity], Loss(event.version, event.committed_at))


def on_shown(ws: Workspace, partition: int, row: SourceRow) -> None:
    """A snapshot showed this row, perhaps as the first one."""
    if row.snapshot_of:
        _begin(ws, partition, row.system, row.snapshot_of, None)


def on_heard(ws: Workspace, governance: Governance, partition: int, event: Heard) -> None:
    """Progress. If it ends a snapshot of the whole system, rows that it did not show are gone (contracts 3)."""
    key = keys.snapshot_key(event.system)
    if event.snapshot_of:
        _begin(ws, partition, event.system, event.snapshot_of, event.epoch)
    elif event.watermark is not None:
        begun = ws.get(key)
        if begun is not None and begun["epoch"] is None and not begun.get("heard"):
            ws.put(key, {**begun, "heard": True})
        elif begun is not None and begun["epoch"] == event.epoch:
            ws.delete(key)
            entities = {mapping.entity for mapping in governance.mappings[event.system].values()}
            loss = Loss(begun["snapshot"], event.watermark)
            if begun["again"]:
                sweeps.begin(ws, governance, event.system, entities, loss)
            else:  # no known row can be missing; but dead letters may come from an attempt before
                losses.remember(ws, event.system, entities, loss)
    progress.on_heard(ws, governance, partition, event)


def is_another_attempt(ws: Workspace, system: str) -> bool:
    """The one before was broken off, and the source has not been heard in between: so a row may have gone elsewhere
    and come back. Where it went is not told here."""
    return bool((ws.get(keys.snapshot_key(system)) or {}).get("another"))


def _begin(ws: Workspace, partition: int, system: str, snapshot: str, epoch: int | None) -> None:
    """A snapshot begins. `epoch`: given if it shows the whole system, not one table alone. Rows may have vanished if
    the system was streaming before, or if an earlier snapshot was broken off; in the first snapshot none have."""
    key = keys.snapshot_key(system)
    known = ws.get(key)
    if known is None:
        again = progress.has_streamed(ws, system, partition)
        ws.put(key, {"snapshot": snapshot, "epoch": epoch, "again": again})
    elif known["snapshot"] < snapshot:
        another = {} if known.get("heard") else {"another": True}
        ws.put(key, {"snapshot": snapshot, "epoch": epoch, "again": True, **another})
    elif known["snapshot"] == snapshot and known["epoch"] is None is not epoch:
        ws.put(key, {**known, "epoch": epoch})
