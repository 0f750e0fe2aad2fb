"""Holes in the evidence of a customer: a record that was diverted, or waits for its parent, is missing until then."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas import topics
from schemas.instants import Instant
from streams.fleet import letters
from streams.governance.model import Governance
from streams.identify import keys, links
from streams.identify.routes import Route, route_of
from tables.view import Emit, Workspace

_MANY = 100_000


class Hole(NamedTuple):
    """What is missing; `customer` is empty where the record's key cannot be read."""

    system: str
    customer: str
    entity: str
    letter_id: str

    @property
    def key(self) -> str:
        return keys.holes_prefix(self.system, self.customer) + self.letter_id

    def told(self, canonical_id: str, **more: Any) -> dict[str, Any]:
        named = {"system": self.system, "entity": self.entity, "letter_id": self.letter_id}
        return {"canonical_id": canonical_id, **named, **more}


def open_(ws: Workspace, governance: Governance, hole: Hole, partition: int, opened_at: Instant) -> None:
    """At the canonical customer, where it is known whose evidence is missing. A customer record that was never read
    may belong to anyone: its hole is everyone's."""
    if ws.get(hole.key) is not None:
        return
    system, customer = hole.system, hole.customer
    stranger = (
        hole.entity in ("customer", "*")
        and bool(governance.systems[system].links)
        and not links.last_asserted(ws, system, customer)
    )
    route = route_of(ws, system, customer)
    canonical_id = "" if stranger or not customer else route.canonical_id
    value = hole.told(canonical_id, partition=partition, opened_at=opened_at)
    ws.put(hole.key, value)
    _tell(ws, governance, "HoleOpened", _since(value, route) if canonical_id else value)


def close(ws: Workspace, governance: Governance, hole: Hole, how: str) -> None:
    """Where it stands open, which may be another customer than the present one."""
    opened = ws.get(hole.key)
    ws.delete(hole.key)
    if hole.entity in letters.FINANCE and how == "replayed":
        ws.emit(letters.tell_resolved(hole.letter_id, how))
    canonical_id = opened["canonical_id"] if opened else route_of(ws, hole.system, hole.customer).canonical_id
    _tell(ws, governance, "HoleClosed", hole.told(canonical_id, how=how))


def move(ws: Workspace, governance: Governance, system: str, customer: str, new: Route) -> None:
    """The native customer is of another canonical customer now; a hole that is everyone's stays so."""
    for key, opened in ws.range(keys.holes_prefix(system, customer), _MANY):
        if opened["canonical_id"]:
            reopened = {**opened, "canonical_id": new.canonical_id}
            ws.put(key, reopened)
            _tell(ws, governance, "HoleOpened", _since(reopened, new))
            closed = {k: opened[k] for k in ("canonical_id", "system", "entity", "letter_id")}
            _tell(ws, governance, "HoleClosed", closed | {"how": "moved"})


def _since(opened: dict[str, Any], route: Route) -> dict[str, Any]:
    """What is missing is told to this customer as of the route, so what lies before that misses nothing."""
    return {**opened, "opened_at": max(opened["opened_at"], route.at - 1)}


def _tell(ws: Workspace, governance: Governance, name: str, value: dict[str, Any]) -> None:
    if value["canonical_id"]:
        ws.emit(Emit(topics.CHANGES, value["canonical_id"], name, value))
        return
    for target in range(governance.partitions):
        ws.emit(Emit(topics.CHANGES, "", name, value, partition=target))
