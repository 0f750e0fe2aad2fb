"""Rows vanished without a record of each: a table was emptied, or a snapshot has ended that did not show them.

They are presumed deleted, a slice at a time. A row that something else concerns meanwhile is looked at first, and one
that has come since stays, so nothing depends on where the slices fell (`again.steps`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.identify import images, keys, mappings, parking
from streams.identify.changes import change
from streams.identify.routes import route_of
from streams.suspects import tell
from tables.versions import PRESENT, PRESUMED, Version
from tables.view import Value, Workspace


def begin(
    ws: Workspace,
    governance: Governance,
    system: str,
    entities: Iterable[str],
    at: Instant,
    *,
    emptied: bool = False,
    oldest_version: str = "",
) -> None:
    """Of these entities. Gone are the rows that stood so before the instant where their table was `emptied`, else those
    whose last version sorts before the oldest that the snapshot has."""
    key = keys.sweep_key(system)
    known = ws.get(key) or {"begun": 0, "sweeps": []}
    sweep = {
        "number": known["begun"] + 1,
        "mapping": mappings.number(ws.get(keys.mapping_key(system))),
        "entities": sorted(entities),
        "at": at,
        "emptied": emptied,
        "oldest_version": oldest_version,
        "after": keys.system_prefix(system),
    }
    ws.put(key, {"begun": sweep["number"], "sweeps": [*known["sweeps"], sweep]})
    parking.vanish(ws, governance, system, lambda entity, version, since: _is_gone(sweep, entity, version, since))


def begun(known: Value | None) -> int:
    """How many there have been."""
    return 0 if known is None else int(known["begun"])


def pending(known: Value | None) -> list[Value]:
    """Those that have not seen every row, in the order in which they began."""
    return [] if known is None else list(known["sweeps"])


def is_pending(known: Value | None) -> bool:
    return known is not None and bool(known["sweeps"])


def read_so_far(ws: Workspace, system: str, key: str | None) -> None:
    """Images up to this key have been seen by the first that is pending; None: all."""
    known = ws.get(keys.sweep_key(system)) or {}
    first, *others = known["sweeps"]
    ws.put(keys.sweep_key(system), {**known, "sweeps": ([] if key is None else [{**first, "after": key}]) + others})


def take_away(ws: Workspace, governance: Governance, sweep: Value, row: tuple[str, str, str], image: Value) -> None:
    """`row`: system, entity, native id. Where it is gone; one that came since the sweep began is not."""
    system, entity, _ = row
    last = image["versions"][-1]
    came_before = images.swept(image) < sweep["number"]
    if came_before and last["op"] == PRESENT and _is_gone(sweep, entity, last["version"], last["at"]):
        gone = _gone(last, max(sweep["at"], last["at"]))
        key = keys.row_key(system, last["customer"], *row[1:])
        images.keep(ws, governance, key, [*image["versions"], gone])
        _tell(ws, governance, row, last, gone)


def _is_gone(sweep: Value, entity: str, version: str, since: Instant) -> bool:
    if entity not in sweep["entities"]:
        return False
    return bool(since < sweep["at"] if sweep["emptied"] else version < sweep["oldest_version"])


def _gone(last: Version, at: Instant) -> Version:
    gone: dict[str, Any] = {"op": PRESUMED, "attrs": None, "since": {}, "at": at, "committed_at": at}
    return {**last, **gone, "version": f"{last['version']}.gone", "by": "unknown"}


def _tell(ws: Workspace, governance: Governance, row: tuple[str, str, str], last: Version, gone: Version) -> None:
    route = route_of(ws, row[0], last["customer"])
    effective_at = max(gone["at"], route.at)
    ws.emit(change(route.canonical_id, *row, gone, route.version, effective_at))
    tell.changed(ws, governance, tell.Record(*row, route.canonical_id), last, gone, effective_at)
