"""What must be said alike of a customer, read plainly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.naive.companies import Companies, Kind
from tests.naive.world import Record

OWNERS = {
    "name": "crm",
    "email": "crm",
    "tax_id": "erp",
    "registration_number": "erp",
    "street": "erp",
    "city": "erp",
    "postal_code": "erp",
    "country": "crm",
    "currency": "erp",
    "legal_entity": "erp",
}


def customer_attribute_divergence(world: Companies, customer: Record, _: date) -> bool | None:
    """Currency and selling company are other kinds'."""
    if customer["status"] == "churned":
        return None
    return all(
        any(alike(customer[name], said) for said in owned(world, customer, name))
        for name in OWNERS
        if name not in ("currency", "legal_entity")
    )


def owned(world: Companies, customer: Record, name: str) -> list[Any]:
    """What its owner says; who has two records may say either."""
    if OWNERS[name] == customer.change.system:
        return [None]
    known = [c for c in world.beside(customer, "customer", OWNERS[name]) if c["status"] != "churned"]
    return [c[name] for c in known if c[name] is not None] or [None]


def alike(one: Any, other: Any) -> bool:
    return one is None or other is None or plain(one) == plain(other)


def plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def duplicate_customer(world: Companies, customer: Record, _: date) -> bool | None:
    """The one that was set up later."""
    others = world.beside(customer, "customer", customer.change.system)
    return not live(customer) or not any(
        live(o) and age(o) < age(customer) and same_business(o, customer) for o in others
    )


def live(customer: Record) -> bool:
    return customer["status"] not in ("prospect", "churned")


def same_business(one: Record, other: Record) -> bool:
    related = one["parent_ref"] == other.change.native_id or other["parent_ref"] == one.change.native_id
    return not related and all(
        one[name] is None or other[name] is None or one[name] == other[name] for name in ("legal_entity", "currency")
    )


def age(customer: Record) -> tuple[float, str]:
    return customer.history[0].at, customer.change.native_id


def ownership_violation(world: Companies, customer: Record, _: date) -> bool | None:
    return not any(violated(world, customer, name) for name in OWNERS)


def violated(world: Companies, customer: Record, name: str) -> bool:
    """Since it was last given another value than before: by somebody, and not by us, and another than the owner has,
    who has said nothing else since."""
    before = [(c.attributes or {}).get(name) for c in customer.history]
    last = max((n for n in range(1, len(before)) if before[n] != before[n - 1]), default=0)
    owners = [c for c in world.beside(customer, "customer", OWNERS[name]) if c[name] is not None]
    if not last or OWNERS[name] == customer.change.system or not before[last - 1] or not owners:
        return False
    edit, owner = customer.history[last], min(owners, key=lambda c: c.change.native_id)
    return edit.by != "driftwise" and changed(owner, name) < edit.at and not agree(customer[name], owner[name])


def changed(record: Record, name: str) -> float:
    said = [(c.attributes or {}).get(name) for c in record.history]
    return max((record.history[n].at for n in range(1, len(said)) if said[n] != said[n - 1]), default=0)


def agree(one: str | None, other: str | None) -> bool:
    return " ".join((one or "").casefold().split()) == " ".join((other or "").casefold().split())


def hierarchy_divergence(world: Companies, customer: Record, _: date) -> bool | None:
    if customer["status"] == "churned":
        return None
    related = all(as_owned(world, customer, what, owner) for what, owner in (("parent", "crm"), ("bill_to", "erp")))
    return related and not in_circle(world, customer)


def as_owned(world: Companies, customer: Record, what: str, owner: str) -> bool:
    known = [c for c in world.beside(customer, "customer", owner) if c["status"] != "churned"]
    if customer.change.system == owner or not known:
        return True
    own = account_named(customer, what)
    return own in [account_named(c, what) for c in known] and not (
        own and customer.change.system != "crm" and customer[f"{what}_ref"] is None
    )


def account_named(customer: Record, what: str) -> str | None:
    return customer[f"{what}_ref" if customer.change.system == "crm" else f"{what}_crm_ref"]


def in_circle(world: Companies, customer: Record) -> bool:
    """Over records of its own."""
    own = {c.change.native_id: c["parent_ref"] for c in world.beside(customer, "customer", customer.change.system)}
    at: Any = customer.change.native_id
    for _ in own:
        at = own.get(at)
        if at == customer.change.native_id:
            return True
    return False


CUSTOMERS = tuple((system, "customer") for system in ("crm", "billing", "erp"))
KINDS: Mapping[str, Kind] = {
    "customer_attribute_divergence": Kind(CUSTOMERS, "grace", customer_attribute_divergence),
    "duplicate_customer": Kind(CUSTOMERS, "grace", duplicate_customer),
    "ownership_violation": Kind(CUSTOMERS, "instant", ownership_violation),
    "hierarchy_divergence": Kind(CUSTOMERS, "grace", hierarchy_divergence),
}
