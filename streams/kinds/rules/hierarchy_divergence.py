"""Kind 36: a customer's parent or payer is another one than in the system that owns the relation, or was never brought
over, or the chain of parents comes back to where it began.

A parent is another customer; what its own record says is judged there. So a chain is followed as far as the records of
this customer go: to itself, and around duplicates that name one another. A circle over several
customers is found where all of them are known (streams/suspects/circle.py)."""

from __future__ import annotations

from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import Kind, Siblings
from streams.kinds.references import FEW
from streams.kinds.shared import is_mapped, place


class _Relation(NamedTuple):
    word: str
    in_crm: str
    """Attribute of a CRM account: the id of another account."""
    elsewhere: str
    """Attribute of the other systems: the CRM account that is meant."""
    local: str
    """Attribute of the other systems: the id of their own record of it."""
    owner: str
    """Role, unless it is governed."""


RELATIONS = (
    _Relation("parent", "parent_ref", "parent_crm_ref", "parent_ref", "crm"),
    _Relation("payer", "bill_to_ref", "bill_to_crm_ref", "bill_to_ref", "erp"),
)


class _Problem(NamedTuple):
    evidence: tuple[Evidence, ...]
    owner_system: str
    expected: str
    observed: str
    ask: Ask | None


def hierarchy_divergence(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    if record is None or record.attrs["status"] == "churned":
        return None
    owners = {relation: _owners(now, record, relation) for relation in RELATIONS}
    problems = [p for relation, found in owners.items() if (p := _divergence(now, record, relation, found))]
    if circle := _circle(now, record):
        problems.insert(0, circle)
    known = newest((record, *(owner for found in owners.values() for owner in found)))
    assert known is not None
    own = f"customer {record.native_id} in {record.system}"
    return Finding(
        satisfied=not problems,
        triggered_at=0,
        trigger_version="",
        owner_system=problems[0].owner_system if problems else record.system,
        expected=f"{own} has {' and '.join(p.expected for p in problems) or 'the parent and payer of their owners'}",
        observed="; ".join(p.observed for p in problems) or "it agrees",
        evidence=tuple(e for p in problems for e in p.evidence),
        ask=next((p.ask for p in problems if p.ask), None),
        satisfied_by=known,
        snapshot=known.version["snapshot"],
    )


def _owners(now: AsOf, record: Found, relation: _Relation) -> list[Found]:
    """The customer's records in the owning role; none where the record is one of them."""
    role = now.governance.owner_role("customer", relation.in_crm) or relation.owner
    if role == now.governance.systems[record.system].role:
        return []
    found = now.in_role("customer", role)
    return [o for o in found if o.attrs["status"] != "churned" and is_mapped(now, o, _attribute(now, o, relation))]


def _divergence(now: AsOf, record: Found, relation: _Relation, owners: list[Found]) -> _Problem | None:
    attribute = _attribute(now, record, relation)
    if not owners or not is_mapped(now, record, attribute):
        return None
    stated = record.attrs[attribute]
    meant = [owner.attrs[_attribute(now, owner, relation)] for owner in owners]
    if stated in meant:
        return _not_there(now, record, relation) if stated else None
    owner, account = owners[0], meant[0]
    command = f"{now.governance.systems[record.system].role}.customer.set_{relation.word}"
    return _Problem(
        (Evidence(owner, _attribute(now, owner, relation), account), Evidence(record, attribute, stated)),
        owner.system,
        f"{_article(relation, account)}, as {owner.system} states",
        f"it has {_article(relation, stated)}",
        Ask(record.system, "customer", record.native_id, {attribute: account}, {attribute: stated}, command),
    )


def _not_there(now: AsOf, record: Found, relation: _Relation) -> _Problem | None:
    """The account is named, and the system has no record of its own for it: the parent was never brought over."""
    # What an account states is the id of a record of its own system, so it is there.
    if record.attrs[relation.local] or not is_mapped(now, record, relation.local):
        return None
    account = record.attrs[relation.elsewhere]
    command = f"{now.governance.systems[record.system].role}.customer.set_{relation.word}"
    desired = {relation.elsewhere: account}
    return _Problem(
        (Evidence(record, relation.elsewhere, account), Evidence(record, relation.local, None)),
        record.system,
        f"{relation.word} {account} as a customer of {record.system}",
        f"{record.system} has no customer for {relation.word} {account}: bring it over first",
        Ask(record.system, "customer", record.native_id, desired, {relation.local: None}, command),
    )


def _circle(now: AsOf, record: Found) -> _Problem | None:
    """Nothing commands it away: which of the links is wrong, a person must say."""
    chain, following = [record], record.attrs["parent_ref"]
    while following and len(chain) <= FEW:
        if following == record.native_id:
            names = " under ".join([*(link.native_id for link in chain), record.native_id])
            evidence = tuple(Evidence(link, "parent_ref", link.attrs["parent_ref"]) for link in chain)
            return _Problem(evidence, record.system, "a parent that is not below itself", f"a circle: {names}", None)
        parent = now.record("customer", record.system, following)
        if parent is None or parent in chain:
            return None
        chain.append(parent)
        following = parent.attrs["parent_ref"]
    return None


def _attribute(now: AsOf, record: Found, relation: _Relation) -> str:
    crm = now.governance.systems[record.system].role == "crm"
    return relation.in_crm if crm else relation.elsewhere


def _article(relation: _Relation, account: str | None) -> str:
    return f"{relation.word} {account}" if account else f"no {relation.word}"


KIND = Kind(
    number="36",
    name="hierarchy_divergence",
    entity="customer",
    roles=("crm", "billing", "erp"),
    clock="grace",
    reach={
        ("crm", "customer"): Siblings(),
        ("billing", "customer"): Siblings(),
        ("erp", "customer"): Siblings(),
    },
    judge=hierarchy_divergence,
    begins=lambda _, version: any(
        version["attrs"].get(name) for r in RELATIONS for name in (r.in_crm, r.elsewhere, r.local)
    ),
    command="customer.set_parent",
    sort="copy",
    condition="HierarchiesAgree",
)
