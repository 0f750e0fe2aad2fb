"""The crosswalk gives a native customer another canonical id: its rows leave the old customer and are told to the new
one."""

from __future__ import annotations

from typing import Any

from streams.governance.model import Governance
from streams.identify import again, holes, images, keys, stays
from streams.identify.changes import moved
from streams.identify.routes import Route, route_of
from streams.identify.stays import said
from streams.suspects import tell
from tables.versions import Version
from tables.view import Workspace


def on_route(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    system, customer = value["system"], value["native_customer"]
    old, new = route_of(ws, system, customer), Route(value["canonical_id"], value["route_version"], value["routed_at"])
    if new.version <= old.version:
        return
    again.customer_up_to_date(ws, governance, system, customer)
    left = stays.after(ws, governance, system, customer, old, new)
    route = {k: value[k] for k in ("canonical_id", "route_version", "routed_at")}
    ws.put(keys.route_key(system, customer), {**route, "stays": [list(stay) for stay in left]} if left else route)
    if new.canonical_id == old.canonical_id:
        return
    holes.move(ws, governance, system, customer, old, new)
    prefix = keys.rows_prefix(system, customer)
    for key, image in ws.range(prefix, keys.EVERY_ROW):
        entity, native_id = key.removeprefix(prefix).split("/", 1)
        record = tell.Record(system, entity, native_id, new.canonical_id)
        _leave(ws, record, customer, old, new)
        _arrive(ws, governance, record, new, images.told(image))


def _leave(ws: Workspace, record: tell.Record, customer: str, old: Route, new: Route) -> None:
    sent = {"customer": customer, "version": ""}
    system, entity, native_id, to = record
    ws.emit(moved(old.canonical_id, system, entity, native_id, sent, new.version, new.at, to))


def _arrive(ws: Workspace, governance: Governance, record: tell.Record, route: Route, versions: list[Version]) -> None:
    system, entity, native_id, canonical_id = record
    for version in versions:
        row, effective_at = (system, entity, native_id), max(version["at"], route.at)
        ws.emit(said(canonical_id, row, version, route.version, effective_at))
    # As of the route, however many versions came before we heard of it: until the route the record was another's.
    tell.rerouted(ws, governance, record, versions, route.at)
