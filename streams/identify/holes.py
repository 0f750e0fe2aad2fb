"""Holes in the evidence of a customer: a record that was diverted, or waits for its parent, is missing until then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas import topics
from schemas.instants import Instant
from streams.fleet import letters
from streams.governance.model import Governance
from streams.identify import keys, links, stays
from streams.identify.routes import Route, route_of
from streams.identify.stays import Stay
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


def open_(
    ws: Workspace,
    governance: Governance,
    hole: Hole,
    partition: int,
    opened_at: Instant,
    left: Sequence[Stay] = (),
) -> None:
    """At the canonical customer, where it is known whose evidence is missing. A customer record that was never read
    may belong to anyone: its hole is everyone's, and whose it was is remembered until it comes home. `left`: where it
    was missing before it went there. One that may be of before a route is missing where its customer was then, too."""
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
    if customer:
        whose = stays.Whose(system, customer, hole.entity)
        left = stays.until_now(ws, governance, whose, opened_at + 1, left)
    value = hole.told(canonical_id, partition=partition, opened_at=opened_at)
    ws.put(hole.key, {**value, "stays": [list(stay) for stay in left]} if left else value)
    for stay in left if canonical_id else ():
        _tell(ws, governance, "HoleOpened", _since({**value, "canonical_id": stay.canonical_id}, stay))
        _tell(ws, governance, "HoleClosed", hole.told(stay.canonical_id, how="moved", moved_at=stay.until))
    _tell(ws, governance, "HoleOpened", _since(value, route) if canonical_id else value)


def close(ws: Workspace, governance: Governance, hole: Hole, how: str) -> None:
    """Wherever it stands open, which may be other customers than the present one."""
    opened = ws.get(hole.key)
    ws.delete(hole.key)
    if hole.entity in letters.FINANCE and how == "replayed":
        ws.emit(letters.tell_resolved(hole.letter_id, how))
    here = opened["canonical_id"] if opened else route_of(ws, hole.system, hole.customer).canonical_id
    left = [stay.canonical_id for stay in stays.of(opened)] if here else []
    for canonical_id in dict.fromkeys([*left, here]):
        _tell(ws, governance, "HoleClosed", hole.told(canonical_id, how=how))


def move(ws: Workspace, governance: Governance, system: str, customer: str, old: Route, new: Route) -> None:
    """The native customer is of another canonical customer now; what is missing of instants before that is missing
    where it was. A hole that is everyone's stays so."""
    for key, opened in ws.range(keys.holes_prefix(system, customer), _MANY):
        stay = Stay(opened["canonical_id"] or old.canonical_id, old.version, old.at, new.at)
        left = {"stays": [*opened.get("stays", ()), list(stay)]}
        if not opened["canonical_id"]:
            ws.put(key, {**opened, **left})
        else:
            hole = Hole(system, customer, opened["entity"], opened["letter_id"])
            reopened = hole.told(new.canonical_id, partition=opened["partition"], opened_at=opened["opened_at"])
            ws.put(key, {**reopened, **left})
            _tell(ws, governance, "HoleOpened", _since(reopened, new))
            _tell(ws, governance, "HoleClosed", hole.told(stay.canonical_id, how="moved", moved_at=new.at))


def _since(opened: dict[str, Any], route: Route | Stay) -> dict[str, Any]:
    """What is missing is told to this customer as of the route, so what lies before that misses nothing."""
    return {**opened, "opened_at": max(opened["opened_at"], route.at - 1)}


def _tell(ws: Workspace, governance: Governance, name: str, value: dict[str, Any]) -> None:
    if value["canonical_id"]:
        ws.emit(Emit(topics.CHANGES, value["canonical_id"], name, value))
        return
    for target in range(governance.partitions):
        ws.emit(Emit(topics.CHANGES, "", name, value, partition=target))
