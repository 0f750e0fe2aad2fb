"""A version is told to the customer to whom its native one belongs by now; and one of before that also to those to whom
it belonged then: as it would have been told there, and until when it was theirs.

A link waits for nobody but those who assert some, and evidence may be late: so a version of before a route may be read
behind it. Stays are remembered with the route for as long as what is read may be judged there, and with a hole for as
long as that is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.instants import NEVER, Instant, seconds
from streams.governance.model import Governance
from streams.identify import furthest, keys
from streams.identify.changes import change, moved
from streams.identify.routes import Route, route_of
from streams.suspects import tell as suspects
from streams.suspects.table import compared
from tables.versions import MOVED, Version
from tables.view import Emit, Value, Workspace


class Stay(NamedTuple):
    """With a customer whom the native one has left since."""

    canonical_id: str
    route: int
    at: Instant
    until: Instant


Row = tuple[str, str, str]
"""System, entity, native id."""


class Whose(NamedTuple):
    """Rows of an entity of a native customer."""

    system: str
    customer: str
    entity: str


def of(held: Value | None) -> list[Stay]:
    """A route, or a hole that went with it: where it was before, in that order."""
    return [] if held is None else [Stay(*stay) for stay in held.get("stays", ())]


def after(ws: Workspace, governance: Governance, system: str, customer: str, old: Route, new: Route) -> list[Stay]:
    """Those to be remembered behind another route."""
    entities = {mapping.entity for mapping in governance.mappings.get(system, {}).values()}
    oldest = min((amended_from(ws, governance, system, entity) for entity in entities), default=NEVER)
    left = [] if new.canonical_id == old.canonical_id else [Stay(old.canonical_id, old.version, old.at, new.at)]
    known = of(ws.get(keys.route_key(system, customer)))
    return _ended_after(oldest, [*known, *left])


def until_now(
    ws: Workspace, governance: Governance, whose: Whose, at: Instant, lacked: Sequence[Stay] = ()
) -> list[Stay]:
    """Those that ended after this instant, in their order; not such as ended so long ago that nothing is amended there,
    but where it was `lacked`."""
    known = _ended_after(at, of(ws.get(keys.route_key(whose.system, whose.customer))))
    if known:  # most rows are of after the route
        oldest = amended_from(ws, governance, whose.system, whose.entity)
        known = [stay for stay in known if stay.until > oldest]
    ended = _ended_after(at, lacked)
    return sorted({*ended, *known}, key=lambda stay: stay.route) if known else ended


def _ended_after(at: Instant, stays: Sequence[Stay]) -> list[Stay]:
    return [stay for stay in stays if stay.until > max(at, stay.at)]


def amended_from(ws: Workspace, governance: Governance, system: str, entity: str) -> Instant:
    """Nothing that was told of before this instant is judged otherwise for what comes late."""
    return furthest.of_shard(ws, system, entity) - seconds(governance.late_retention_seconds)


def tell(
    ws: Workspace,
    governance: Governance,
    row: Row,
    version: Version,
    lacked: Sequence[Stay] = (),
    letter_id: str | None = None,
) -> None:
    """`lacked`: with whom it was lacking."""
    system, entity, _ = row
    for stay in until_now(ws, governance, Whose(system, version["customer"], entity), version["at"], lacked):
        at = max(version["at"], stay.at)
        ws.emit(said(stay.canonical_id, row, version, stay.route, at, letter_id, stay.until))
    route = route_of(ws, system, version["customer"])
    ws.emit(said(route.canonical_id, row, version, route.version, max(version["at"], route.at), letter_id))


def compare(ws: Workspace, governance: Governance, row: Row, last: Version | None, version: Version) -> None:
    """Tell those who compare records across customers that one version has followed another. Of what is late they keep
    nothing: it counts where it is now."""
    system, entity, _ = row
    if entity not in compared(governance):
        return
    stays = until_now(ws, governance, Whose(system, version["customer"], entity), version["at"])
    if stays and version["at"] > furthest.of_shard(ws, system, entity):
        for stay in stays:
            record, at = suspects.Record(*row, stay.canonical_id), max(version["at"], stay.at)
            suspects.changed(ws, governance, record, last, version, at)
    route = route_of(ws, system, version["customer"])
    record = suspects.Record(*row, route.canonical_id)
    suspects.changed(ws, governance, record, last, version, max(version["at"], route.at))


def said(
    canonical_id: str,
    row: Row,
    version: Version,
    route: int,
    at: Instant,
    letter_id: str | None = None,
    until: Instant | None = None,
) -> Emit:
    """To this customer."""
    if version["op"] == MOVED:
        return moved(canonical_id, *row, version, route, at)
    return change(canonical_id, *row, version, route, at, letter_id, until)
