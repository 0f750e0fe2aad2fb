"""Finds the obligations whose verdicts a change could touch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from streams.governance.model import Governance
from streams.judge.keys import EVERYTHING, ObligationKey, obligations_prefix
from streams.judge.obligation import Obligation
from streams.judge.retention import Place
from streams.kinds.asof import entity_key
from streams.kinds.references import EVERY, names, reference_key, values
from streams.kinds.sight import Alike, noticed_by, sight
from streams.kinds.standing import regarding
from streams.kinds.table import BY_NAME, ID, NAMED_BY, All, Consulted, Either, Itself, Kind, Refers, Siblings, Through
from tables.versions import Version, comes_or_goes, tells
from tables.view import Workspace

MANY = 10_000
"""Most obligations of one kind that one change may concern: deals, subscriptions, customer records; never invoices."""

Local = tuple[str, str, str]
"""(entity, system, native id) of a record of a known customer."""


class Changed(NamedTuple):
    """A canonical change as judge takes it: where it belongs, and its version."""

    place: Place
    version: Version

    @property
    def local(self) -> Local:
        return self.place[1:]


def concerned(
    ws: Workspace,
    governance: Governance,
    change: Changed,
    held: list[Version],
    before: Version | None,
    *,
    referring: bool = False,
) -> list[ObligationKey]:
    """Every obligation whose verdict this change could touch, judging by how it differs from the version `before`.

    A record that changes its reference concerns the old and the new subject. So this is called before and after the
    fold, with the versions `held` then; the second time only for what is found by references (`referring`)."""
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


def waits_anyway(
    ws: Workspace, governance: Governance, key: ObligationKey, change: Changed, before: Version | None
) -> bool:
    """Whether the obligation need not be judged for this change: it can only answer, which is asked when due."""
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


def looking(ws: Workspace, governance: Governance, change: Changed, held: list[Version]) -> Iterator[ObligationKey]:
    """Obligations that look at the record, whatever the change says. Some of the keys may not exist."""
    customer = change.place.customer
    for alike in _noticed(governance, change):
        if isinstance(alike.reach, All | Consulted):
            yield from (key for kind in alike.kinds for key in _running(ws, kind, customer))
        else:
            for _, home, native_id in _reached(ws, governance, alike, change, held):
                yield from (ObligationKey(customer, kind.row, home, native_id) for kind in alike.kinds)


def hanging_on(ws: Workspace, governance: Governance, change: Changed) -> Iterator[ObligationKey]:
    """Every subject, demanded or not, of kinds whose rules depend on what this record says of the customer (its
    segment, say)."""
    customer, entity, home, _ = change.place
    for kind in regarding(governance, home, entity):
        for system in (s for role in kind.roles for s in governance.in_role(role)):
            prefix = entity_key(customer, kind.entity, system, "")
            for key, _ in ws.range(prefix, EVERYTHING):
                yield ObligationKey(customer, kind.row, system, key.removeprefix(prefix))


def versions_of(ws: Workspace, place: Place) -> list[Version]:
    kept: list[Version] = (ws.get(place.key) or {"versions": []})["versions"]
    return kept


def _noticed(governance: Governance, change: Changed) -> Iterator[Alike]:
    """Kinds that look at the change. For a system that was taken out, too: what is armed waits until it is back."""
    for role in governance.roles_of(change.place.system):
        yield from noticed_by(governance, role, change.place.entity)


def _may_be_in(governance: Governance, system: str, roles: Collection[str]) -> bool:
    governed = governance.systems.get(system)
    return governed is None or governed.role in roles


def _told(alike: Alike, before: Version, after: Version) -> Sequence[Kind]:
    """Kinds for which a change of a present record differs in what they regard."""
    asked = zip(alike.kinds, alike.regarding, strict=True)
    return [kind for kind, regarded in asked if regarded is None or regarded.differs(before, after)]


def _worth_judging(
    ws: Workspace, governance: Governance, kinds: Sequence[Kind], change: Changed, subjects: Collection[Local]
) -> Iterator[ObligationKey]:
    """The subjects to judge for each kind: all if something can begin, else those whose obligation exists."""
    customer, itself = change.place.customer, change.local
    versions: list[Version] = []
    for subject in subjects:  # what is changed, as far as it is not judged
        versions += (change.version,) if subject == itself else versions_of(ws, Place(customer, *subject))
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
    """Whether no subject has another one to be compared with."""
    if kind.compared_within == "system":
        return len({system for _, system, _ in subjects}) == len(subjects)
    return kind.compared_within == "customer" and len(subjects) == 1


def _differ(ws: Workspace, kind: Kind, change: Changed) -> bool:
    """Whether the customer's records of the entity, in all systems, have different values in a compared attribute."""
    customer = change.place.customer
    found = names(ws, reference_key(customer, kind.entity, EVERY, ""), MANY)
    held = (versions_of(ws, Place(customer, kind.entity, *name)) for name in found)
    versions = [change.version, *chain.from_iterable(held)]
    return any(len(values(versions, attribute)) > 1 for attribute in kind.compared_in)


def _has_counterpart(ws: Workspace, customer: str, kind: Kind, versions: list[Version]) -> bool:
    """Whether there is a record that refers to one of these versions of a subject. A record that comes later will
    concern the subject then."""
    return any(
        ws.get(reference_key(customer, entity, reach.change_attribute, value)) is not None
        for entity, reach in NAMED_BY[kind.row]
        for value in values(versions, reach.subject_attribute)
    )


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
            said = {v for subject in first for v in values(versions_of(ws, Place(customer, *subject)), shared)}
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
    """Systems with a subject that a record of this system names by its id: the same system, if it has the role."""
    own = (system,) if _may_be_in(governance, system, alike.roles) else ()
    if own and system in governance.systems:
        return own
    return (*own, *(home for role in alike.roles for home in governance.in_role(role)))
