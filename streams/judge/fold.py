"""Fold: a canonical change into the versions of its record, the reference index, and the obligations it concerns."""

from __future__ import annotations

from itertools import chain
from typing import Any

from schemas.instants import ALWAYS, Instant, seconds
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge import lacking, reconsider, retention
from streams.judge.arming import arm
from streams.judge.concerned import Changed, concerned, hanging_on, looking, versions_of, waits_anyway
from streams.judge.corrected import place_of
from streams.judge.forgotten import is_anything_held, nothing_is_held, put_until
from streams.judge.gates import passed_by_all
from streams.judge.keys import EVERYTHING, ObligationKey, aside_prefix, holes_prefix, past_hole_key
from streams.judge.process import contribute
from streams.judge.reached import reached, reached_by
from streams.judge.retention import Place
from streams.kinds.references import EVERY, add, reference_key, remove, values
from streams.kinds.standing import tells_otherwise
from streams.kinds.table import REFERENCES
from tables.versions import MOVED, Version, as_of, fold, insert, latest
from tables.view import Value, Workspace
from tables.watermarks import newest

LATE = frozenset({"late", "too_late"})
"""What `on_change` says of evidence behind its own watermark."""


def on_change(ws: Workspace, ruled: InForce, change: Changed) -> str:
    """Fold it and arm what it concerns; returns `folded`, `late`, `too_late`: of an instant that is not judged again,
    `duplicate`, or `left`: from before it left.

    A duplicate changes nothing and needs no new judgement: the commit that folded the first also armed its instants."""
    governance, at = ruled.newest, change.version["at"]
    marks, (_, entity, system, _) = reached_by(ws, governance), change.place
    heard, passed = marks.of(system, entity), passed_by_all(marks, ruled)
    is_past = at <= heard and retention.is_past(governance, entity, at, min(heard, passed))
    if is_past and ws.get(change.place.key) is None:
        return "left"
    return fold_in(ws, ruled, change, _behind(ruled, passed), late=at <= heard, is_past=is_past)


def fold_in(
    ws: Workspace, ruled: InForce, change: Changed, behind: Instant, *, late: bool, is_past: bool = False
) -> str:
    """Whatever has been heard since. `behind`: the frontier. `is_past`: it may be of what has left."""
    governance, place = ruled.newest, change.place
    record = ws.get(place.key) or retention.arriving(ws, governance, place, change.version)
    held = record["versions"]
    versions = insert(held, change.version, folded=is_past or record.get("folded", False))
    if versions is None:
        return "duplicate"
    rules, before = ruled.since(change.version["at"]), as_of(held, change.version["at"])
    concerns = {key for each in rules for key in concerned(ws, each, change, held, before)}
    regard = {key for each in rules for key in hanging_on(ws, each, change)}
    known_from = behind
    if len(fold(versions, behind)) < len(versions):
        lookers = (looking(ws, each, change, held) for each in rules)
        unsettled = (_next(ws, key) for key in chain(regard, *lookers))
        known_from = min(behind, retention.undecided_from(ws), min(unsettled, default=ALWAYS))
    if _store(ws, governance, change, record, versions, known_from):
        held = versions_of(ws, place)
        concerns.update(key for each in rules for key in concerned(ws, each, change, held, before, referring=True))
    concerns = {key for key in concerns if not waits_anyway(ws, governance, key, change, before)}
    if regard and tells_otherwise(before, change.version):
        concerns.update(regard)
    # Of late evidence that comes too late to amend: what was before may be folded, what it says counts from here on.
    at = max(change.version["at"], behind) if late else change.version["at"]
    again = [arm(ws, subject, at, late=late, kept_from=behind, ruled=ruled) for subject in sorted(concerns)]
    reconsider.on_change(ws, ruled, place.customer, at)
    if not late:
        return "folded"
    return "late" if all(again) and (at == change.version["at"] or not concerns) else "too_late"


def _next(ws: Workspace, key: ObligationKey) -> Instant:
    value: Value = ws.get(key.text()) or {}
    next_: Instant = value.get("next", ALWAYS)
    again_from: Instant = value.get("again_from", next_)
    return again_from


def _store(
    ws: Workspace,
    governance: Governance,
    change: Changed,
    record: dict[str, Any],
    versions: list[Version],
    known_from: Instant,
) -> bool:
    """Keep what can still be looked at, and tell what is new; returns whether others find it by another value now."""
    kept = fold(versions, known_from - 1)  # of that instant all: how a record came tells who counts it
    folded = {"folded": True} if record.get("folded") or len(kept) < len(versions) else {}
    before, after = latest(record["versions"]), latest(kept)
    place, leaves = change.place, record.get("leaves")
    moved = reindex(ws, place, record["versions"], kept)
    changed = after is not before
    revision = record["revision"] + changed
    if all(v["op"] == MOVED for v in kept):
        ws.delete(place.key)  # it was never here at any instant
        if leaves is not None:
            retention.unqueue(ws, place, leaves)
    else:
        marks = retention.scheduled(ws, governance, place, leaves, change.version["at"])
        marks |= retention.still_returned(ws, governance, place, record, change.version)
        ws.put(place.key, {"versions": kept, "revision": revision, **folded, **marks})
    if changed and after is not None:
        contribute(ws, governance, place.customer, change.local, before, after)
        ws.refresh(place_of(*place))
    return moved


def frontier(ws: Workspace, ruled: InForce) -> Instant:
    """Behind it no verdict looks: what every gate has ever passed, less what late evidence may still amend."""
    return _behind(ruled, passed_by_all(reached_by(ws, ruled.newest), ruled))


def _behind(ruled: InForce, passed: Instant) -> Instant:
    return passed - seconds(ruled.newest.late_retention_seconds)


def reindex(ws: Workspace, place: Place, before: list[Version], after: list[Version]) -> bool:
    """Have others find it by what it says now; returns whether that is another value."""
    moved, name = False, f"{place.system}/{place.native_id}"
    for attribute in REFERENCES.get(place.entity, ()):
        old, new = values(before, attribute), values(after, attribute)
        moved = moved or (old != new and attribute != EVERY)
        for value in old - new:
            remove(ws, reference_key(place.customer, place.entity, attribute, value), name)
        for value in new - old:
            add(ws, reference_key(place.customer, place.entity, attribute, value), name)
    return moved


def on_hole(ws: Workspace, governance: Governance, value: dict[str, Any], *, opened: bool) -> None:
    """A diverted record leaves a hole; when it comes home, what the hole held back is woken. That it was there is
    remembered for what could have been judged before, and may not have been."""
    customer = value["canonical_id"]
    tail = f"{value['system']}/{value['entity']}/{value['letter_id']}"
    key = f"{holes_prefix(customer)}{tail}" if customer else f"g/{tail}"
    known, moved_at = ws.get(key), value.get("moved_at")
    if opened:
        ws.put(key, lacking.opened(known, value["opened_at"]))
    elif known is not None and moved_at is not None and (left := lacking.left(known, moved_at)) is not None:
        _remember(ws, governance, value, {"at": moved_at - 1})
        ws.put(key, left)
        _wake_held(ws, customer, value["letter_id"], left)
    else:
        _closed(ws, governance, value, key, known)


def _closed(ws: Workspace, governance: Governance, value: dict[str, Any], key: str, known: Value | None) -> None:
    if known is not None:
        _remember(ws, governance, value, known)
    ws.delete(key)
    if customer := value["canonical_id"]:
        _wake_held(ws, customer, value["letter_id"])
        ws.delete(aside_prefix(customer) + value["letter_id"])
    if not is_anything_held(ws):
        nothing_is_held(ws)


def _remember(ws: Workspace, governance: Governance, value: dict[str, Any], hole: Value) -> None:
    heard, of = reached(ws), f"{value['system']}/{value['entity']}"
    past = past_hole_key(value["canonical_id"] or "", of, hole["at"], value["letter_id"])
    put_until(ws, governance, past, {**hole, "closed": heard}, newest(heard))


def _wake_held(ws: Workspace, customer: str, letter_id: str, left: Value | None = None) -> None:
    """`left`: what is still held back by it."""
    for key, value in ws.range(f"o/{customer}/", EVERYTHING):
        if value.get("held") == letter_id and (left is None or not lacking.stands(left, value.get("next", ALWAYS))):
            ws.put(key, {k: v for k, v in value.items() if k != "held"})
