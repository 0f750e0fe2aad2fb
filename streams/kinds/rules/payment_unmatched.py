"""Kind 13: a payment was settled, and the ERP has not applied all of it to receivables.

One payment may be applied to many invoices, and one invoice be paid by many payments: what counts is the sum of the
applications that name the payment."""

from __future__ import annotations

from decimal import Decimal

from schemas.money import plain
from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shared import first_in_role, number, place, said, text, tolerance, with_amount


def payment_unmatched(now: AsOf, subject: Subject) -> Answer:
    payment = now.subject(*place(subject))
    settled = begun(now, payment, "settled") if payment else None
    if payment is None or settled is None or number(payment.attrs["total"]) <= 0:
        return None
    paid = payment.attrs["total"]
    applications = _applications(now, payment)
    applied = sum((number(a.attrs["total"]) for a in applications), Decimal(0))
    left = number(paid) - applied
    erp = first_in_role(now, "erp")
    reference = payment.attrs["reference"]
    evidence = [Evidence(payment, "status", payment.attrs["status"])]
    return Finding(
        satisfied=left <= tolerance(now, KIND.name, number(paid)),
        triggered_at=settled.at,
        trigger_version=settled.version,
        snapshot=settled.snapshot,
        owner_system=erp,
        amount=with_amount(paid, left),
        expected=f"payment {reference or payment.native_id} over {said(paid)} is applied to receivables in {erp}",
        observed=f"{said(with_amount(paid, applied))} of it is applied, {said(with_amount(paid, left))} is not"
        if applications
        else "no application names it",
        evidence=(*evidence, *(Evidence(a, "total", text(a.attrs["total"])) for a in applications[-1:])),
        ask=_apply(now, erp, payment, left),
        # That it can be named is news of the payment; by then it may have been applied.
        satisfied_by=newest((payment, *applications[-1:])),
    )


def _applications(now: AsOf, payment: Found) -> list[Found]:
    """Applications in force, in the payment's currency, oldest first."""
    currency = payment.attrs["total"]["currency"]
    return sorted(
        (
            a
            for a in now.by_reference("cash_application", "erp", "payment_ref", payment.attrs["reference"])
            if a.attrs["status"] != "reversed" and (a.attrs["total"] or {}).get("currency") == currency
        ),
        key=lambda a: (a.version["at"], a.system, a.native_id),
    )


def _apply(now: AsOf, erp: str, payment: Found, left: Decimal) -> Ask | None:
    """To the one invoice that the payment names; which one it was meant for otherwise, a person finds out."""
    reference, named = payment.attrs["reference"], payment.attrs["invoice_ref"]
    invoices = now.by_reference("invoice", "billing", "number", named)
    if not reference or len(invoices) != 1 or invoices[0].attrs["status"] not in ("posted", "paid"):
        return None
    owed = invoices[0].attrs["total"]
    if owed is None or owed["currency"] != payment.attrs["total"]["currency"]:
        return None
    total = plain(min(left, number(owed)))
    return Ask(erp, "cash_application", reference, {"payment_ref": reference, "invoice_ref": named, "total": total})


KIND = Kind(
    number="13",
    name="payment_unmatched",
    entity="payment",
    roles=("processor",),
    clock="deadline",
    begins_with="settled",
    reach={
        ("processor", "payment"): Itself(),
        ("erp", "cash_application"): Refers("reference", "payment_ref"),
        ("billing", "invoice"): Refers("invoice_ref", "number"),
    },
    judge=payment_unmatched,
    command="erp.cash.apply",
    sort="ask",
    condition="PaymentsMatched",
    optional=frozenset({("billing", "invoice")}),
)
