"""Kind 49: a system that does not own an attribute was given another value for it than its owner has."""

from __future__ import annotations

from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Kind, Siblings
from streams.kinds.shared import PERSONAL, place, told_of_customer
from streams.kinds.trail import STATED, Step, most_changes, trail_of


class _Foreign(NamedTuple):
    """An attribute that was edited where it is not owned, and the record of its owner."""

    attribute: str
    edit: Step
    owner: Found


def ownership_violation(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    if record is None:
        return None
    edited = [f for f in _foreign(now, record) if _still(record, f)]
    violated = [f for f in edited if not _agree(record, f)]
    if not edited:
        return _in_order(record)
    shown = violated or edited
    first = min(shown, key=lambda f: (f.edit.at, f.attribute))
    owners = {f.attribute: f.owner for f in shown}
    return Finding(
        satisfied=not violated,
        triggered_at=first.edit.at,
        trigger_version=first.edit.version,
        snapshot=all(f.edit.snapshot for f in shown),
        owner_system=first.owner.system,
        severity="S1" if any(_finance(now, f.attribute) for f in violated) else "",
        expected=f"customer {record.native_id} in {record.system} shows what the owner has: "
        + ", ".join(f"{told_of_customer(o, a)} ({o.system})" for a, o in owners.items()),
        observed=", ".join(f"{_observed(record, f)}, {_WRITERS[f.edit.by]}" for f in shown)
        + ("" if violated else ": it says the same"),
        evidence=tuple(Evidence(r, f.attribute, r.attrs[f.attribute]) for f in shown for r in (record, f.owner)),
        ask=Ask(
            record.system,
            "customer",
            record.native_id,
            {a: owner.attrs[a] for a, owner in owners.items()},
            {a: record.attrs[a] for a in owners},
        ),
        satisfied_by=max((record, *owners.values()), key=lambda r: r.version["at"]),
    )


def _foreign(now: AsOf, record: Found) -> list[_Foreign]:
    """Our own corrections are no foreign edits, and a value given for the first time replaces nothing."""
    role = now.governance.systems[record.system].role
    found = []
    for attribute, owner_role in now.governance.ownership.get("customer", {}).items():
        if owner_role == role or attribute not in STATED["customer"]:
            continue
        edit = next(iter(trail_of(record.version["since"], attribute)), None)
        if edit is None or edit.by == "driftwise" or not edit.was:
            continue
        owner = next((o for o in now.in_role("customer", owner_role) if o.attrs.get(attribute) is not None), None)
        if owner is not None:
            found.append(_Foreign(attribute, edit, owner))
    return found


def _still(record: Found, foreign: _Foreign) -> bool:
    """Where the owner stated its value at or after the edit, a difference is a copy that lags (kind 30) or two edits
    that knew nothing of each other (kind 50)."""
    stated = next(iter(trail_of(foreign.owner.version["since"], foreign.attribute)), None)
    return stated is None or stated.at < foreign.edit.at or _agree(record, foreign)


def _agree(record: Found, foreign: _Foreign) -> bool:
    return _plain(record.attrs[foreign.attribute]) == _plain(foreign.owner.attrs[foreign.attribute])


def _plain(value: str | None) -> str:
    """Letter case and spacing differ between systems without meaning anything."""
    return " ".join((value or "").casefold().split())


def _finance(now: AsOf, attribute: str) -> bool:
    return now.governance.ownership["customer"][attribute] == "erp"


def _observed(record: Found, foreign: _Foreign) -> str:
    told = told_of_customer(record, foreign.attribute)
    if foreign.attribute not in PERSONAL or _agree(record, foreign):
        return told
    return f"{'another' if record.attrs[foreign.attribute] else 'no'} {told}"


def _in_order(record: Found) -> Finding:
    return Finding(
        satisfied=True,
        triggered_at=0,
        trigger_version="",
        owner_system=record.system,
        expected="nobody edits what another system owns",
        observed="nobody did",
        evidence=(Evidence(record, "name", record.attrs["name"]),),
        satisfied_by=record,
    )


_WRITERS = {
    "person": "edited by a person",
    "integration": "edited by another integration",
    "unknown": "edited by an unnamed writer",
}

KIND = Kind(
    number="49",
    name="ownership_violation",
    entity="customer",
    roles=("crm", "billing", "erp"),
    clock="grace",
    reach={(role, "customer"): Siblings() for role in ("crm", "billing", "erp")},
    judge=ownership_violation,
    begins=lambda _, version: most_changes(version["since"], STATED["customer"]) > 0,
    command="target.attribute.restore",
    sort="copy",
    condition="OwnershipRespected",
)
