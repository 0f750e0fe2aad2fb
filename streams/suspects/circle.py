"""Kind 36, in the crosswalk: the chain of a customer's parents leads over other customers back to its beginning.

Judge sees one customer, and circles within one. Here parents are told of by the system that owns them alone: where
another differs from it, judge says so.

b/SYSTEM/CUSTOMER       {parent, at, snapshot}
y/SYSTEM/CUSTOMER       a circle, under the least id of its members: {members, due, opened, drift}
v/DUE/SYSTEM/CUSTOMER   circles in the order in which they fall due"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas import ids
from schemas.instants import Instant
from streams.governance.model import Governance
from streams.suspects import suspicion
from streams.suspects.suspicion import Suspected
from streams.suspects.table import CIRCLE, SUSPECT_KINDS
from tables.deadlines import Gate
from tables.view import Value, View, Workspace

PARENT = "parent_ref"
WAITING = "v/"
GATE = SUSPECT_KINDS[CIRCLE].gate
_DEEPEST = 1_000
"""Longest chain of parents that is followed: no group has as many."""


def parents_of(governance: Governance) -> tuple[str, ...]:
    """The systems of record of parents, if those are mapped and the kind is judged."""
    known: tuple[str, ...] | None = governance.derived.get((parents_of,))
    if known is None:
        role = governance.owner_role("customer", PARENT) or "crm"
        owners = governance.in_role(role) if governance.wants(CIRCLE) else ()
        known = governance.derived[(parents_of,)] = tuple(s for s in owners if _tells(governance, s))
    return known


def _tells(governance: Governance, system: str) -> bool:
    return any(m.entity == "customer" and PARENT in m.attributes for m in governance.mappings[system].values())


def asserted(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    """A record has another parent, or none. A record has one parent, so only circles through it begin or end."""
    system, customer, at = value["system"], value["native_customer"], value["committed_at"]
    key = f"b/{system}/{customer}"
    known = ws.get(key)
    if (known["parent"] if known else None) == value["parent"]:
        return
    before = _circle(ws, system, customer)
    if value["parent"] is None:
        ws.delete(key)
    else:
        ws.put(key, {"parent": value["parent"], "at": at, "snapshot": value["snapshot"]})
    if before:
        _end(ws, governance, system, before, at)
    if (now := _circle(ws, system, customer)) and governance.wants(CIRCLE):
        _begin(ws, governance, system, now)


def moved(ws: Workspace, governance: Governance, system: str, customer: str, canonical_id: str, at: Instant) -> None:
    """The record that stands for a circle belongs to another customer now."""
    key = f"y/{system}/{customer}"
    if (entry := ws.get(key)) is not None:
        suspicion.move(ws, governance, key, entry, canonical_id, at)
        if (after := ws.get(key)) is not None:
            _await(ws, system, customer, after["due"])


def wake(key: str, value: Value | None) -> tuple[Gate, Instant] | None:
    return suspicion.waits(WAITING, GATE, key, value)


def tell(ws: Workspace, governance: Governance, key: str) -> None:
    """A circle has stood until it was due: tell of it."""
    suspicion.fall_due_at(ws, governance, WAITING, "y/", key)


def _begin(ws: Workspace, governance: Governance, system: str, members: list[str]) -> None:
    customers = [_customer(ws, system, member) for member in members]
    if len(set(customers)) == 1:
        return  # judge sees it
    links = [ws.get(f"b/{system}/{member}") or {} for member in members]
    suspected = _suspected(system, members, links, customers[0])
    due = suspicion.begin(ws, governance, f"y/{system}/{members[0]}", suspected)
    _await(ws, system, members[0], due)


def _await(ws: Workspace, system: str, customer: str, due: Instant) -> None:
    ws.put(f"{WAITING}{due:020d}/{system}/{customer}", {})


def _end(ws: Workspace, governance: Governance, system: str, members: list[str], at: Instant) -> None:
    key = f"y/{system}/{members[0]}"
    if (entry := ws.get(key)) is not None:
        suspicion.end(ws, governance, key, entry, at)


class Chain(NamedTuple):
    members: list[str]
    """A customer, its parent, and so on; up to where the chain ends or comes back."""
    into: str | None
    """The member to which the chain comes back."""

    @property
    def circle(self) -> bool:
        """Whether it comes back to where it began."""
        return self.into == self.members[0]


def chain_of(view: View, system: str, customer: str) -> Chain:
    chain, following = [customer], _parent(view, system, customer)
    seen = {customer}
    while following is not None and following not in seen and len(chain) < _DEEPEST:
        chain.append(following)
        seen.add(following)
        following = _parent(view, system, following)
    return Chain(chain, following if following in seen else None)


def _circle(ws: Workspace, system: str, customer: str) -> list[str]:
    """The members of a circle, from the least id on; empty: the chain ends, or leads into a circle of others."""
    chain = chain_of(ws, system, customer)
    if not chain.circle:
        return []
    first = chain.members.index(min(chain.members))
    return chain.members[first:] + chain.members[:first]


def _parent(view: View, system: str, customer: str) -> str | None:
    parent: str | None = (view.get(f"b/{system}/{customer}") or {"parent": None})["parent"]
    return parent


def _customer(ws: Workspace, system: str, customer: str) -> str:
    canonical_id: str | None = (ws.get(f"n/{system}/{customer}") or {"canonical": None})["canonical"]
    return canonical_id or ids.canonical_id(system, customer)


def _suspected(system: str, members: list[str], links: list[Value], canonical_id: str) -> Suspected:
    at = max(link["at"] for link in links)
    words = " under ".join([*members, members[0]])
    return Suspected(
        CIRCLE,
        canonical_id,
        system,
        "customer",
        members[0],
        trigger=f"{'/'.join(members)}@{at}",
        began_at=at,
        expected=f"customer {members[0]} in {system} has a parent that is not below itself",
        observed=f"a circle of {len(members)} customers: {words}",
        evidence=tuple(_evidence(system, m, link) for m, link in zip(members, links, strict=True)),
        desired={},
        snapshot=all(link["snapshot"] for link in links),
    )


def _evidence(system: str, customer: str, link: Value) -> Value:
    return {
        "system": system,
        "entity": "customer",
        "native_id": customer,
        "version": "",
        "native_version": "",
        "committed_at": link["at"],
        "field": PARENT,
        "value": link["parent"],
    }
