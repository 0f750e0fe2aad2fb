"""Rows vanished without a record of each: they are presumed deleted."""

from __future__ import annotations

from schemas.instants import Instant
from schemas.source import ALL_OBJECTS, Gap
from streams.governance.model import Governance
from streams.identify import again, images, keys, progress
from streams.identify.changes import change
from streams.identify.routes import route_of
from streams.suspects import tell
from tables.versions import PRESENT, Version
from tables.view import Workspace


def on_gap(ws: Workspace, governance: Governance, partition: int, event: Gap) -> None:
    """The watermark is withdrawn until the source is heard again."""
    entity = governance.entity_of(event.system, event.object) or event.object
    for object_ in (ALL_OBJECTS, entity):
        progress.withdraw(ws, event.system, object_, partition)
    if entity == "customer":  # from when on the rows of a customer are read anew follows from its own
        again.finish(ws, governance, event.system)
    prefix, known = keys.system_prefix(event.system), ws.get(keys.mapping_key(event.system))
    for key, image in ws.range(prefix, keys.EVERY_ROW):
        _, of, native_id = key.removeprefix(prefix).split("/", 2)
        if of != entity:
            continue
        image = again.up_to_date(ws, governance, again.row_of(event.system, key, image), known) or image
        last = image["versions"][-1]
        if last["op"] == PRESENT and last["at"] < event.committed_at:
            gone = _gone(last, event.committed_at)
            images.keep(ws, governance, key, [*image["versions"], gone])
            _tell(ws, governance, (event.system, entity, native_id), last, gone)


def _gone(last: Version, at: Instant) -> Version:
    gone = {**last, "op": "presumed_deleted", "attrs": None, "since": {}, "at": at, "committed_at": at}
    return gone | {"version": f"{last['version']}.gone", "by": "unknown"}


def _tell(ws: Workspace, governance: Governance, row: tuple[str, str, str], last: Version, gone: Version) -> None:
    route = route_of(ws, row[0], last["customer"])
    effective_at = max(gone["at"], route.at)
    ws.emit(change(route.canonical_id, *row, gone, route.version, effective_at))
    tell.changed(ws, governance, tell.Record(*row, route.canonical_id), last, gone, effective_at)
