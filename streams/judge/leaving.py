"""Leaving: at an instant of event time settled documents leave the state, together with the documents tied to them.

Everything is looked at as of that instant, so what came later makes no difference (streams/judge/retention.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.instants import Instant
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge import retention
from streams.judge.concerned import Changed
from streams.judge.fold import fold_in, frontier, reindex
from streams.judge.keys import EVERYTHING, ObligationKey, aside_prefix, holes_prefix, instant_of
from streams.judge.obligation import Obligation
from streams.judge.retention import Place, Record
from streams.kinds.documents import TIES, WHOLES, Tie, is_finished
from streams.kinds.references import TOGETHER, names, reference_key, together
from streams.kinds.table import KINDS
from tables.versions import Version, as_of
from tables.view import Workspace

SLICE = 128
"""Documents looked at in one commit."""
TIED = 64
"""Documents with more ties than this are not looked through: they stay."""


class Member(NamedTuple):
    """One of the documents that are tied together."""

    record: Record
    version: Version
    """As of the instant."""


def leave(ws: Workspace, ruled: InForce, text: str) -> None:
    """Decide one slice of the documents that wait for an instant."""
    instant = instant_of(text)
    prefix = retention.queue_prefix(instant)
    waiting = ws.range(prefix, SLICE)
    for key, _ in waiting:
        ws.delete(key)
        _decide(ws, ruled, Place(*key.removeprefix(prefix).split("/", 3)), instant)
    if len(waiting) < SLICE:
        retention.decided(ws, instant)


def _decide(ws: Workspace, ruled: InForce, place: Place, instant: Instant) -> None:
    record, governance = ws.get(place.key), ruled.newest
    if record is None or record.get("leaves") != instant:
        return  # it has left with another
    if retention.span(governance) is None:
        ws.put(place.key, {name: held for name, held in record.items() if name != "leaves"})
        return  # documents stay for ever now
    if _is_part_of_what_stays(ws, place, instant):
        _wait(ws, place, record, retention.leaving_at(governance, instant))
        return
    members = _tied(ws, place, instant)
    earliest = _earliest(governance, members)
    if earliest > instant:
        _wait(ws, place, record, earliest)
    elif len(members) > TIED or not _is_settled(ws, governance, members, instant):
        _wait(ws, place, record, retention.leaving_at(governance, instant))
    else:
        _depart(ws, ruled, members, instant)


def _is_part_of_what_stays(ws: Workspace, place: Place, instant: Instant) -> bool:
    """Whether its whole (the invoice of a line, say) has not left. Keys sort a whole before its parts, so it is decided
    first."""
    part = _member(ws, place, instant) if WHOLES[place.entity] else None
    return part is not None and any(
        _member(ws, Place(place.customer, whole.entity, place.system, named), instant) is not None
        for whole in WHOLES[place.entity]
        if (named := _says(part, whole.attribute))
    )


def _earliest(governance: Governance, members: dict[Place, Member]) -> Instant:
    """When they may leave: together, so not before the last of them may."""
    silent: Instant = max(member.version["at"] for member in members.values())
    # A document that came while documents stayed for ever has no `leaves` of its own.
    turns: list[Instant] = [m.record["leaves"] for m in members.values() if "leaves" in m.record]
    return max(retention.leaving_at(governance, silent), *turns)


def _wait(ws: Workspace, place: Place, record: Record, until: Instant) -> None:
    ws.put(place.key, {**record, "leaves": until})
    retention.queue(ws, place, until)


def _tied(ws: Workspace, place: Place, instant: Instant) -> dict[Place, Member]:
    """The document and all that it is tied to, directly or through others. If there are too many, only some of them."""
    found: dict[Place, Member] = {}
    waiting: list[tuple[Place, Tie | None, Any]] = [(place, None, None)]
    while waiting and len(found) <= TIED:
        place, tie, value = waiting.pop()
        member = None if place in found else _member(ws, place, instant)
        if member is None or (tie is not None and _says(member, tie.theirs) != value):
            continue
        found[place] = member
        waiting += _others(ws, place, member)
    return found


def _member(ws: Workspace, place: Place, instant: Instant) -> Member | None:
    record = ws.get(place.key)
    version = as_of(record["versions"], instant) if record else None
    return None if record is None or version is None else Member(record, version)


def _says(member: Member, attribute: str) -> Any:
    attrs = member.version["attrs"] or {}
    return together(attrs, attribute) if TOGETHER in attribute else attrs.get(attribute)


def _others(ws: Workspace, place: Place, member: Member) -> Iterator[tuple[Place, Tie, Any]]:
    for tie in TIES[place.entity]:
        if value := _says(member, tie.attribute):
            key = reference_key(place.customer, tie.entity, tie.theirs, value)
            for system, native_id in names(ws, key, TIED + 1):
                yield Place(place.customer, tie.entity, system, native_id), tie, value


def _is_settled(ws: Workspace, governance: Governance, members: dict[Place, Member], instant: Instant) -> bool:
    customer = next(iter(members)).customer
    return (
        all(is_finished(place.entity, member.version) for place, member in members.items())
        # Missing evidence leaves obligations undecided, whatever their subject.
        and all(hole["at"] >= instant for _, hole in ws.range(holes_prefix(customer), EVERYTHING))
        and all(verdict["at"] > instant for _, verdict in ws.range(aside_prefix(customer), EVERYTHING))
        and all(_is_quiet(ws, governance, key, instant) for place in members for key in _obligations(place))
    )


def _obligations(place: Place) -> Iterator[ObligationKey]:
    """Obligations of which the document is, or could be, the subject."""
    for kind in KINDS:
        if kind.entity == place.entity:
            yield ObligationKey(place.customer, kind.row, place.system, place.native_id)


def _is_quiet(ws: Workspace, governance: Governance, key: ObligationKey, instant: Instant) -> bool:
    """Whether nothing of the obligation is open, armed or due by the instant."""
    o = Obligation.from_json(ws.get(key.text()))
    counting = o.status in ("armed", "open") or o.held is not None or o.next <= instant
    flaps = o.flapping is not None or any(at + governance.process.flapping.window > instant for at in o.openings)
    return not counting and not flaps


def _depart(ws: Workspace, ruled: InForce, members: dict[Place, Member], instant: Instant) -> None:
    for place, member in members.items():
        _remove(ws, place, member.record)
    for place, member in members.items():
        for version in member.record["versions"]:
            if version["at"] > instant:
                fold_in(ws, ruled, Changed(place, version), frontier(ws, ruled), late=False)


def _remove(ws: Workspace, place: Place, record: Record) -> None:
    reindex(ws, place, record["versions"], [])
    ws.delete(place.key)
    if "leaves" in record:
        retention.unqueue(ws, place, record["leaves"])
    for key in _obligations(place):
        if ws.get(key.text()) is not None:
            ws.delete(key.text())
