"""Kind 45, by what is charged: two live invoices under different numbers charge the same.

A kind of its own because others are compared: not those with one number (`duplicate_document`), but those that agree on
the subscription, the first day that is charged for, and the amount. What an invoice leaves out is not held against it.
Of an invoice that was credited in full nothing is charged any more."""

from __future__ import annotations

from decimal import Decimal

from streams.kinds.asof import AsOf, Found
from streams.kinds.credits import credits_of
from streams.kinds.facts import since
from streams.kinds.finding import IN_ORDER, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import Kind, Refers, Through
from streams.kinds.references import together
from streams.kinds.shared import number, place, said

SAME = "subscription_ref+service_starts_on+total"
WITHIN = ("service_ends_on", "charge", "legal_entity", "order_ref", "line_count")
"""Where two state different ones, they charge for different things."""
_MEMO = Through(Refers("number", "invoice_ref"), SAME)


def charged_twice(now: AsOf, subject: Subject) -> Answer:
    """The later invoice is the subject."""
    invoice = now.subject(*place(subject))
    charged = together(invoice.attrs, SAME) if invoice and _posted(invoice) else None
    if invoice is None or charged is None:
        return None
    found = now.by_reference(subject.entity, "billing", SAME, charged)
    same = [f for f in found if f.system == subject.system and _posted(f) and _alike(f, invoice)]
    credited = [f for f in same if _is_credited(now, f)]
    standing = sorted((f for f in same if f not in credited), key=_began)
    before = standing[: standing.index(invoice)] if invoice in standing else []
    first = next((f for f in before if f.attrs["number"] != invoice.attrs["number"]), None)
    if now.at_rest and first is None:
        return IN_ORDER
    involved = [invoice, *(f for f in standing if f != invoice)]
    return Finding(
        satisfied=first is None,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        amount=invoice.attrs["total"],
        expected=f"{_what(invoice)} is charged once in {subject.system}: by invoice {_named(first or invoice)}",
        observed=f"invoice {_named(invoice)} charges the same {said(invoice.attrs['total'])}"
        if first
        else "; ".join(("once", *(f"invoice {_named(f)} is credited in full" for f in credited))),
        evidence=tuple(Evidence(f, "service_starts_on", f.attrs["service_starts_on"]) for f in involved),
        ask=Ask(
            subject.system, subject.entity, invoice.native_id, {"status": "voided"}, {"status": invoice.attrs["status"]}
        ),
        satisfied_by=newest((invoice, *same, *(m for f in same for m in credits_of(now, f.attrs["number"])))),
        snapshot=all(f.version["snapshot"] for f in involved),
    )


def _posted(found: Found) -> bool:
    return since(found.version["since"], "posted") is not None


def _began(found: Found) -> tuple[int, str]:
    posted = since(found.version["since"], "posted")
    assert posted is not None
    return posted.at, found.native_id


def _alike(one: Found, other: Found) -> bool:
    return all(None in (one.attrs[a], other.attrs[a]) or one.attrs[a] == other.attrs[a] for a in WITHIN)


def _is_credited(now: AsOf, invoice: Found) -> bool:
    total = invoice.attrs["total"]
    amounts = (memo.attrs["total"] for memo in credits_of(now, invoice.attrs["number"]))
    credited = sum((abs(number(a)) for a in amounts if a and a["currency"] == total["currency"]), Decimal(0))
    return credited >= abs(number(total))


def _what(invoice: Found) -> str:
    ends = invoice.attrs["service_ends_on"]
    period = f"from {invoice.attrs['service_starts_on']}" + (f" to {ends}" if ends else "")
    charge = f"{invoice.attrs['charge']} of " if invoice.attrs["charge"] else ""
    return f"{charge}subscription {invoice.attrs['subscription_ref']} {period}"


def _named(invoice: Found) -> str:
    return invoice.attrs["number"] or invoice.native_id


KIND = Kind(
    number="45",
    name="charged_twice",
    entity="invoice",
    roles=("billing",),
    clock="grace",
    reach={
        ("billing", "invoice"): Refers(SAME, SAME),
        ("erp", "credit_memo"): _MEMO,
        ("billing", "credit_memo"): _MEMO,
    },
    regarded={"invoice": ("@posted", *WITHIN), "credit_memo": ("status", "number", "total")},
    judge=charged_twice,
    begins=lambda _, version: "posted" in version["since"],
    compared_within="system",
    command="billing.invoice.void",
    sort="ask",
    condition="ChargesUnique",
    optional=frozenset({("erp", "credit_memo"), ("billing", "credit_memo")}),
)
