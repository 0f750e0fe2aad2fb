"""Fold: a canonical change into the versions of its record, the reference index, and the obligations it concerns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant, seconds
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge import retention, told
from streams.judge.corrected import place_of
from streams.judge.forgotten import is_anything_held, nothing_is_held, put_until
from streams.judge.gates import passed_by_all
from streams.judge.keys import ObligationKey, aside_prefix, holes_prefix, obligations_prefix, past_hole_key
from streams.judge.obligation import Obligation
from streams.judge.process import contribute
from streams.judge.reached import reached, reached_by
from streams.judge.retention import Place
from streams.kinds.asof import entity_key
from streams.kinds.references import EVERY, add, names, reference_key, remove, values
from streams.kinds.sight import Alike, noticed_by, sight
from streams.kinds.standing import regarding, tells_otherwise
from streams.kinds.table import (
    BY_NAME,
    ID,
    NAMED_BY,
    REFERENCES,
    All,
    Consulted,
    Either,
    Itself,
    Kind,
    Refers,
    Siblings,
    Through,
)
from tables.versions import MOVED, Version, as_of, comes_or_goes, fold, insert, latest, tells
from tables.view import Value, Workspace
from tables.watermarks import newest

MANY = 10_000
"""Obligations of one kind that one change may concern: deals, subscriptions, customer records; not invoices."""

EVERYTHING = 1_000_000
"""Of one customer, where nothing less will do: rare, and governed."""

Local = tuple[str, str, str]
"""(entity, system, native id): where a record is, of one customer."""


class Changed(NamedTuple):
    """A canonical change as judge takes it: where it belongs, and its version."""

    place: Place
    version: Version

    @property
    def local(self) -> Local:
        return self.place[1:]


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
    regard = {key for each in rules for key in _regarding(ws, each, change)}
    known_from = behind
    if len(fold(versions, behind)) < len(versions):
        looking = (_looking(ws, each, change, held) for each in rules)
        unsettled = (_next(ws, key) for key in chain(regard, *looking))
        known_from = min(behind, retention.undecided_from(ws), min(unsettled, default=ALWAYS))
    if _store(ws, governance, change, record, versions, known_from):
        held = _versions(ws, place)
        concerns.update(key for each in rules for key in concerned(ws, each, change, held, before, referring=True))
    concerns = {key for key in concerns if not _waits_anyway(ws, governance, key, change, before)}
    if regard and tells_otherwise(before, change.version):
        concerns.update(regard)
    # Of late evidence that comes too late to amend: what was before may be folded, what it says counts from here on.
    at = max(change.version["at"], behind) if late else change.version["at"]
    again = [arm(ws, subject, at, late=late, kept_from=behind) for subject in sorted(concerns)]
    if not late:
        return "folded"
    return "late" if all(again) and (at == change.version["at"] or not concerns) else "too_late"


def _waits_anyway(
    ws: Workspace, governance: Governance, key: ObligationKey, change: Changed, before: Version | None
) -> bool:
    """The change can only answer what is demanded, and that is asked when it is due."""
    kind = BY_NAME[key.kind]
    if kind.clock != "deadline" or not _only_answers(governance, kind, key, change, before):
        return False
    value = ws.get(key.text())
    return value is not None and Obligation.from_json(value).awaits_deadline(kind.clock)


def _only_answers(
    governance: Governance, kind: Kind, key: ObligationKey, change: Changed, before: Version | None
) -> bool:
    seen = sight(governance, kind)
    _, entity, system, _ = change.place
    if (system, entity) in seen.answering:
        return change.local != (kind.entity, key.system, key.native_id)
    demanding = seen.demanding.get(entity)
    return demanding is not None and not tells(before, change.version, demanding)


def _looking(ws: Workspace, governance: Governance, change: Changed, held: list[Version]) -> Iterator[ObligationKey]:
    """Who looks at the record as it was, whatever the change says; some of them may not exist."""
    customer = change.place.customer
    for alike in _noticed(governance, change):
        if isinstance(alike.reach, All | Consulted):
            yield from (key for kind in alike.kinds for key in _running(ws, kind, customer))
        else:
            for _, home, native_id in _reached(ws, governance, alike, change, held):
                yield from (ObligationKey(customer, kind.row, home, native_id) for kind in alike.kinds)


def _next(ws: Workspace, key: ObligationKey) -> Instant:
    value: Value = ws.get(key.text()) or {}
    next_: Instant = value.get("next", ALWAYS)
    again_from: Instant = value.get("again_from", next_)
    return again_from


def concerned(
    ws: Workspace,
    governance: Governance,
    change: Changed,
    held: list[Version],
    before: Version | None,
    *,
    referring: bool = False,
) -> list[ObligationKey]:
    """Every obligation whose verdict this change could touch, by what it says otherwise than the version before. A
    record that changes its reference concerns the old and the new: then it is asked before and after the fold, each
    time with the versions `held`, the second time only for what is found by references (`referring`)."""
    customer, after = change.place.customer, change.version
    still = before if before is None or not comes_or_goes(before, after) else None
    found: list[ObligationKey] = []
    for alike in _noticed(governance, change):
        if referring and not isinstance(alike.reach, Refers | Through | Either):
            continue
        kinds = alike.kinds if still is None else _told(alike, still, after)
        if not kinds:
            continue
        if isinstance(alike.reach, All):
            found += [key for kind in kinds for key in _running(ws, kind, customer)]
        elif subjects := _reached(ws, governance, alike, change, held):
            found += _worth_judging(ws, governance, kinds, change, subjects)
    return found


def _noticed(governance: Governance, change: Changed) -> Iterator[Alike]:
    """Of a system that governance has no more whatever might look at it: what is armed so waits until it is back."""
    for role in governance.roles_of(change.place.system):
        yield from noticed_by(governance, role, change.place.entity)


def _may_be_in(governance: Governance, system: str, roles: Collection[str]) -> bool:
    governed = governance.systems.get(system)
    return governed is None or governed.role in roles


def _told(alike: Alike, before: Version, after: Version) -> Sequence[Kind]:
    """The kinds to which a change of a record that stays says anything."""
    asked = zip(alike.kinds, alike.regarding, strict=True)
    return [kind for kind, regarded in asked if regarded is None or regarded.differs(before, after)]


def _worth_judging(
    ws: Workspace, governance: Governance, kinds: Sequence[Kind], change: Changed, subjects: Collection[Local]
) -> Iterator[ObligationKey]:
    """Where nothing can begin, only what runs."""
    customer, itself = change.place.customer, change.local
    versions: list[Version] = []
    for subject in subjects:  # what is changed, as far as it is not judged
        versions += (change.version,) if subject == itself else _versions(ws, Place(customer, *subject))
    for kind in kinds:
        begins = not _is_alone(kind, subjects) and kind.may_begin(governance, versions)
        begins = begins and (not kind.counterpart or _has_counterpart(ws, customer, kind, versions))
        begins = begins and (not kind.compared_in or _differ(ws, kind, change))
        row = kind.row
        prefix = obligations_prefix(customer, row)
        for _, system, native_id in subjects:
            if begins or ws.get(f"{prefix}{system}/{native_id}") is not None:
                yield ObligationKey(customer, row, system, native_id)


def _is_alone(kind: Kind, subjects: Collection[Local]) -> bool:
    """Whether each of them has none to be compared with."""
    if kind.compared_within == "system":
        return len({system for _, system, _ in subjects}) == len(subjects)
    return kind.compared_within == "customer" and len(subjects) == 1


def _differ(ws: Workspace, kind: Kind, change: Changed) -> bool:
    """Whether the customer's records of the entity, wherever they are, say two things in what is compared."""
    customer = change.place.customer
    found = names(ws, reference_key(customer, kind.entity, EVERY, ""), MANY)
    held = (_versions(ws, Place(customer, kind.entity, *name)) for name in found)
    versions = [change.version, *chain.from_iterable(held)]
    return any(len(values(versions, attribute)) > 1 for attribute in kind.compared_in)


def _has_counterpart(ws: Workspace, customer: str, kind: Kind, versions: list[Version]) -> bool:
    """Whether there is a record by which one of these versions of a subject would be found; one that comes later
    concerns it then."""
    return any(
        ws.get(reference_key(customer, entity, reach.change_attribute, value)) is not None
        for entity, reach in NAMED_BY[kind.row]
        for value in values(versions, reach.subject_attribute)
    )


def _versions(ws: Workspace, place: Place) -> list[Version]:
    kept: list[Version] = (ws.get(place.key) or {"versions": []})["versions"]
    return kept


def _regarding(ws: Workspace, governance: Governance, change: Changed) -> Iterator[ObligationKey]:
    """Every subject, demanded or not, of the kinds whose rules hang on what this record tells of the customer."""
    customer, entity, home, _ = change.place
    for kind in regarding(governance, home, entity):
        for system in (s for role in kind.roles for s in governance.in_role(role)):
            prefix = entity_key(customer, kind.entity, system, "")
            for key, _ in ws.range(prefix, EVERYTHING):
                yield ObligationKey(customer, kind.row, system, key.removeprefix(prefix))


def _reached(
    ws: Workspace, governance: Governance, alike: Alike, change: Changed, held: list[Version]
) -> Collection[Local]:
    customer, entity, home, native_id = change.place
    match alike.reach:
        case Itself():
            return (change.local,)
        case Siblings():
            is_one = entity == alike.entity and _may_be_in(governance, home, alike.roles)
            found = _found(ws, governance, customer, alike, EVERY, "")
            return {change.local, *found} if is_one else set(found)
        case Refers(attribute, theirs):
            named = {native_id} if theirs == ID else values(held, theirs)
            if attribute == ID:
                return {(alike.entity, system, value) for value in named for system in _homes(governance, alike, home)}
            return {subject for value in named for subject in _found(ws, governance, customer, alike, attribute, value)}
        case Either(ways):
            found_by = (_reached(ws, governance, alike._replace(reach=way), change, held) for way in ways)
            return set(chain.from_iterable(found_by))
        case Through(way, shared):
            first = _reached(ws, governance, alike._replace(reach=way), change, held)
            said = {v for subject in first for v in values(_versions(ws, Place(customer, *subject)), shared)}
            return {*first, *(s for value in said for s in _found(ws, governance, customer, alike, shared, value))}
    return ()


def _running(ws: Workspace, kind: Kind, customer: str) -> Iterator[ObligationKey]:
    prefix = obligations_prefix(customer, kind.row)
    for key, _ in ws.range(prefix, MANY):
        yield ObligationKey(customer, kind.row, *key.removeprefix(prefix).split("/", 1))


def _found(
    ws: Workspace, governance: Governance, customer: str, alike: Alike, attribute: str, value: str
) -> Iterator[Local]:
    for system, native_id in names(ws, reference_key(customer, alike.entity, attribute, value), MANY):
        if _may_be_in(governance, system, alike.roles):
            yield alike.entity, system, native_id


def _homes(governance: Governance, alike: Alike, system: str) -> tuple[str, ...]:
    """Where a subject is at home that a record of this system names by its id."""
    own = (system,) if _may_be_in(governance, system, alike.roles) else ()
    if own and system in governance.systems:
        return own
    return (*own, *(home for role in alike.roles for home in governance.in_role(role)))


def arm(ws: Workspace, key: ObligationKey, at: Instant, *, late: bool, kept_from: Instant = ALWAYS) -> bool:
    """See to it that the instant is judged; returns whether it will be, or need not. What was settled is looked at
    again only for late evidence."""
    text = key.text()
    value = ws.get(text)
    if value is None:
        ws.put(text, {"next": at})
        return True
    if "awaits" in value:  # an earlier instant may not have to
        value = {name: held for name, held in value.items() if name != "awaits"}
    settled, waits_for = value.get("settled", NEVER), value.get("next", ALWAYS)
    if at <= settled and not late:
        return True
    is_amended = True
    if late and (at <= settled or told.is_anew(value)):
        anew = told.again(value, at, kept_from, clock=BY_NAME[key.kind].clock)
        if anew is not None:
            ws.put(text, anew)
        is_amended = anew is not None or not told.is_over(value)
        if anew is not None or told.is_anew(value):
            return is_amended
    again_at = min(waits_for, at) if at > settled else settled
    if again_at != waits_for:
        value = _again(value, kept_from) if at <= settled else value
        ws.put(text, {**value, "next": again_at})
    return is_amended


def _again(value: Value, kept_from: Instant) -> Value:
    """To be judged again. What is known until then is what was known when the late evidence came, not what would be
    when it is judged: that hangs on where commits fall."""
    value = told.recalled(value)
    return value if kept_from == ALWAYS else {"again_from": kept_from, **value}


def save(ws: Workspace, key: ObligationKey, obligation: Obligation) -> None:
    asleep = obligation.next == ALWAYS and obligation.held is None
    if obligation.status == "idle" and asleep:
        ws.delete(key.text())
    else:
        ws.put(key.text(), obligation.as_json())


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
    if opened:
        # A replay that is refused again does not make the evidence complete any further.
        known = ws.get(key)
        ws.put(key, known or {"at": value["opened_at"]})
        return
    if (known := ws.get(key)) is not None:
        heard = reached(ws)
        past = past_hole_key(customer or "", f"{value['system']}/{value['entity']}", known["at"], value["letter_id"])
        put_until(ws, governance, past, {"at": known["at"], "closed": heard}, newest(heard))
    ws.delete(key)
    if customer:
        _wake_held(ws, customer, value["letter_id"])
        ws.delete(aside_prefix(customer) + value["letter_id"])
    if not is_anything_held(ws):
        nothing_is_held(ws)


def _wake_held(ws: Workspace, customer: str, letter_id: str) -> None:
    for key, value in ws.range(f"o/{customer}/", EVERYTHING):
        if value.get("held") == letter_id:
            ws.put(key, {k: v for k, v in value.items() if k != "held"})
