"""Kind 44: one customer has two active records in one system."""

from __future__ import annotations

from schemas.instants import NEVER
from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import since
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Kind, Siblings
from streams.kinds.shared import place

NOT_IN_USE = ("prospect", "churned")
APART = ("legal_entity", "currency")
"""A system that keeps a record for each company or currency means them to be two."""


def duplicate_customer(now: AsOf, subject: Subject) -> Answer:
    """The younger record is the subject: the one in use for longer survives."""
    record = now.subject(*place(subject))
    if record is None:
        return None
    role = now.governance.systems[subject.system].role
    others = [o for o in now.in_role("customer", role) if o.system == subject.system and o != record]
    seniors = [o for o in others if _same(o, record) and _age(o) < _age(record)]
    survivor = min(seniors, key=_age, default=None)
    kept = survivor.native_id if survivor else record.native_id
    shown = (record, *((survivor,) if survivor else ()))
    return Finding(
        satisfied=survivor is None,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        expected=f"one active customer record in {subject.system}"
        + (f", which is {kept}" if record.attrs["status"] not in NOT_IN_USE else ""),
        observed=f"{record.native_id} stands for the same customer" if survivor else _why_one(record, others),
        evidence=tuple(Evidence(found, "status", found.attrs["status"]) for found in shown),
        ask=Ask(subject.system, "customer", record.native_id, {"merge_into": kept}) if survivor else None,
        satisfied_by=max((record, *others), key=lambda f: f.version["at"]),
        snapshot=all(found.version["snapshot"] for found in shown),
    )


def _same(one: Found, other: Found) -> bool:
    """Both in use, for the same company and in the same currency, and neither the other's parent."""
    if one.attrs["status"] in NOT_IN_USE or other.attrs["status"] in NOT_IN_USE:
        return False
    if any(one.attrs[a] and other.attrs[a] and one.attrs[a] != other.attrs[a] for a in APART):
        return False
    is_parent: bool = one.attrs["parent_ref"] == other.native_id or other.attrs["parent_ref"] == one.native_id
    return not is_parent


def _why_one(record: Found, others: list[Found]) -> str:
    """Why those that are there are not counted with it."""
    if record.attrs["status"] in NOT_IN_USE:
        return f"{record.native_id} is not in use ({record.attrs['status']})"
    return "; ".join(("one", *(f"{o.native_id} {_beside(record, o)}" for o in others)))


def _beside(record: Found, other: Found) -> str:
    if other.attrs["status"] in NOT_IN_USE:
        return f"is not in use ({other.attrs['status']})"
    apart = [a for a in APART if record.attrs[a] and other.attrs[a] and record.attrs[a] != other.attrs[a]]
    if apart:
        return f"is kept for another {' and '.join(a.replace('_', ' ') for a in apart)}"
    return "is the younger, and is told of" if _same(other, record) else "is its parent or its child"


def _age(record: Found) -> tuple[int, str]:
    """Since it was set up, whatever became of it: one that is suspended for a while grows neither older nor younger."""
    # A record of an earlier release knows since when it is active, and since when it is set up from its next change on.
    stamped = (since(record.version["since"], fact) for fact in ("set_up", "active"))
    return min((begun.at for begun in stamped if begun), default=NEVER), record.native_id


KIND = Kind(
    number="44",
    name="duplicate_customer",
    entity="customer",
    roles=("crm", "billing", "erp"),
    clock="grace",
    reach={(role, "customer"): Siblings() for role in ("crm", "billing", "erp")},
    judge=duplicate_customer,
    compared_within="system",
    command="master.merge.propose",
    sort="ask",
    condition="CustomersUnique",
)
