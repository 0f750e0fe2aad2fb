"""Kind 30: a customer record states an attribute otherwise than the system that owns it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import IN_ORDER, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import Consulted, Kind, Siblings
from streams.kinds.shared import Amount, number, place, told_of_customer, with_amount

ON_INVOICES = ("tax_id", "name")
"""What makes an open invoice wrong; it comes first."""
COMPARED = (*ON_INVOICES, "registration_number", "email", "country", "street", "city", "postal_code")
"""Currency, legal entity, terms, status and hierarchy have kinds of their own."""
_PAID = ("paid", "refunded")


class _Difference(NamedTuple):
    attribute: str
    owner: Found
    stated: Found

    @property
    def owned(self) -> str:
        return str(self.owner.attrs[self.attribute])

    @property
    def evidence(self) -> tuple[Evidence, Evidence]:
        name = self.attribute
        return Evidence(self.owner, name, self.owned), Evidence(self.stated, name, self.stated.attrs[name])


def customer_attribute_divergence(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    if record is None or record.attrs["status"] == "churned":
        return None
    told = ((attribute, role) for attribute, role in _owned(now, record.system) if record.attrs[attribute])
    owners = {attribute: _owners(now, role, attribute) for attribute, role in told}
    known = newest((record, *(owner for found in owners.values() for owner in found)))
    if not any(owners.values()) or known is None:
        return None
    differences = [
        _Difference(attribute, found[0], record)
        for attribute, found in owners.items()
        if found and not any(_same(attribute, owner, record) for owner in found)
    ]
    if now.at_rest and not differences:
        return IN_ORDER
    wrong = [d.attribute for d in differences if d.attribute in ON_INVOICES]
    invoices = _open_invoices(now) if wrong else []
    resting = f"; {len(invoices)} open invoices rest on it" if invoices else ""
    return Finding(
        satisfied=not differences,
        triggered_at=0,
        trigger_version="",
        owner_system=differences[0].owner.system if differences else known.system,
        amount=_owed(invoices),
        expected=_expected(record, differences),
        observed=(_observed(record, differences) or _agrees(record, owners)) + resting,
        evidence=tuple(e for d in differences for e in d.evidence),
        ask=_ask(now, record, differences),
        satisfied_by=known,
        snapshot=known.version["snapshot"],
        severity="S1" if invoices else "",
    )


def _owned(now: AsOf, system: str) -> tuple[tuple[str, str], ...]:
    """The attributes that another role than the system's owns, and that role."""
    governance, key = now.governance, (_owned, system)
    known: tuple[tuple[str, str], ...] | None = governance.derived.get(key)
    if known is None:
        roles = ((attribute, governance.owner_role("customer", attribute)) for attribute in COMPARED)
        own = governance.systems[system].role
        known = governance.derived[key] = tuple((a, role) for a, role in roles if role is not None and role != own)
    return known


def _owners(now: AsOf, role: str, attribute: str) -> list[Found]:
    """The customer's records in the owning role that state it."""
    found = now.in_role("customer", role)
    return [owner for owner in found if owner.attrs[attribute] and owner.attrs["status"] != "churned"]


def _same(attribute: str, owner: Found, record: Found) -> bool:
    owned, stated = owner.attrs[attribute], record.attrs[attribute]
    return owned == stated or _normal(attribute, owned) == _normal(attribute, stated)


def _normal(attribute: str, value: str) -> str:
    """Without case, width, spaces and punctuation: `G.m.b.H.` is GmbH, `de 811 569 869` the tax number it spells."""
    folded = unicodedata.normalize("NFKC", value).casefold()
    if attribute == "email":
        return folded.strip()
    return "".join(character for character in folded if character.isalnum())


def _open_invoices(now: AsOf) -> list[Found]:
    posted = now.by_reference("invoice", "billing", "status", "posted")
    return [invoice for invoice in posted if invoice.attrs["payment_status"] not in _PAID]


def _owed(invoices: list[Found]) -> Amount | None:
    """In the currency of the first: what the others state cannot be added to it."""
    totals = [invoice.attrs["total"] for invoice in invoices if invoice.attrs["total"]]
    if not totals:
        return None
    alike = (number(total) for total in totals if total["currency"] == totals[0]["currency"])
    return with_amount(totals[0], sum(alike, Decimal(0)))


def _expected(record: Found, differences: list[_Difference]) -> str:
    stated = ", ".join(f"{told_of_customer(d.owner, d.attribute)} as {d.owner.system} states it" for d in differences)
    return f"customer {record.native_id} in {record.system} has {stated or 'what the owners of its attributes state'}"


def _observed(record: Found, differences: list[_Difference]) -> str:
    return ", ".join(f"another {told_of_customer(record, d.attribute)}" for d in differences)


def _agrees(record: Found, owners: Mapping[str, list[Found]]) -> str:
    """What is only written otherwise, too."""
    told = (a for a, found in owners.items() if found and all(o.attrs[a] != record.attrs[a] for o in found))
    words = ", ".join(attribute.replace("_", " ") for attribute in told)
    return f"it agrees; case, spaces and punctuation do not count, as in {words}" if words else "it agrees"


def _ask(now: AsOf, record: Found, differences: list[_Difference]) -> Ask | None:
    if not differences:
        return None
    desired: dict[str, str | None] = {d.attribute: d.owned for d in differences}
    expected: dict[str, str | None] = {d.attribute: record.attrs[d.attribute] for d in differences}
    command = f"{now.governance.systems[record.system].role}.customer.update_attribute"
    return Ask(record.system, "customer", record.native_id, desired, expected, command)


KIND = Kind(
    number="30",
    name="customer_attribute_divergence",
    entity="customer",
    roles=("crm", "billing", "erp"),
    clock="grace",
    reach={
        ("crm", "customer"): Siblings(),
        ("billing", "customer"): Siblings(),
        ("erp", "customer"): Siblings(),
        ("billing", "invoice"): Consulted(),
    },
    compared_within="customer",
    compared_in=COMPARED,
    regarded={"customer": ("status=churned", *COMPARED)},
    judge=customer_attribute_divergence,
    command="customer.update_attribute",
    sort="copy",
    condition="CustomerAttributesAgree",
    finds=(("invoice", "status"),),
    optional=frozenset({("billing", "invoice")}),
)
