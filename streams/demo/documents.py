"""What follows once a subscription is active: it is amended, invoiced, and now and then credited."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from streams.demo.bookings import book, book_early, follow_up
from streams.demo.changes import amend, credit
from streams.demo.dunning import is_overdue, show_delinquency
from streams.demo.flaws import CREDIT_MEMO_UNPROPAGATED, INVOICE_NOT_POSTED, VALUE_MISMATCH
from streams.demo.further import (
    AMENDMENT_UNPROPAGATED,
    CREDIT_MEMO_ALONE,
    OUT_OF_ORDER,
    REFUND_UNPROPAGATED,
    STATE_REGRESSION,
    STUCK_IN_FLIGHT,
    TAXED_OTHERWISE,
)
from streams.demo.further import INVOICED as FURTHER_INVOICED
from streams.demo.payments import show_invoice
from streams.demo.profile import TAX_RATE
from streams.demo.script import SALES, Script
from streams.demo.steps import Write

_CENT = Decimal("0.01")
_BILLING = "billing-operator"
_AMENDED = (VALUE_MISMATCH, AMENDMENT_UNPROPAGATED)
_INVOICED = (INVOICE_NOT_POSTED, CREDIT_MEMO_UNPROPAGATED, *FURTHER_INVOICED)
_CREDITED = (CREDIT_MEMO_UNPROPAGATED, CREDIT_MEMO_ALONE)


def bill(script: Script, active: float, in_erp: float | None, scheduled: float | None) -> None:
    """Everything after activation; `in_erp` is when the ERP had customer and contract, if it has, and `scheduled` when
    it had a schedule of the revenue."""
    kind, where = (script.flaw.kind, script.flaw.where) if script.flaw else ("", "")
    if (kind in _AMENDED and where != "erp from the start") or (not kind and script.chance(0.3)):
        amend(script, active + script.soon(1.0, 3.0), in_erp, scheduled)
    if in_erp is None:
        return
    wanted = kind in _INVOICED or script.chance(0.9)
    posted = _invoice(script, max(active, in_erp) + script.soon(0.3, 1.0)) if wanted else None
    if posted is not None and (kind in _CREDITED or _explained(script) or (not kind and script.chance(0.25))):
        credit(script, posted + script.soon(0.5, 1.5))


def _explained(script: Script) -> bool:
    return script.suffers(REFUND_UNPROPAGATED, "credited") or (script.tells(STATE_REGRESSION) and script.tolerable)


def _invoice(script: Script, at: float) -> float | None:
    """Drafted with its lines, posted, booked in the ledger, paid; returns when the ledger had it, if it did."""
    free = script.flaw is None and script.chance(0.04)  # a total of zero has nothing to book
    overdue = not free and is_overdue(script)
    net = Decimal(0) if free else script.profile.monthly
    tax = _tax(net)
    charges = (("Subscription", net), ("Onboarding", Decimal(0)))[: 1 + script.chance(0.3)]
    lines = (_line(script, index, *charge) for index, charge in enumerate(charges, 1))
    script.add(at, "billing", _BILLING, _draft(script, net, tax, overdue=overdue), *lines)
    posted = _issue(script, at + script.soon(0.4, 0.9), net + tax)
    if free or posted is None:
        return posted
    if script.further:
        show_invoice(script, posted, net + tax)
    if overdue:
        show_delinquency(script, posted)
    if script.suffers(TAXED_OTHERWISE, "moved"):
        moved = script.change("Account", "crm.account", Tax_Region__c="PL")
        script.add(posted + script.soon(2.0, 3.0), "crm", SALES, moved)
    booked = posted if script.tells(OUT_OF_ORDER) else book(script, posted, net + tax)
    if booked is not None:
        follow_up(script, max(booked, posted + 0.8), net + tax, overdue=overdue)
    return booked


def _draft(script: Script, net: Decimal, tax: Decimal, *, overdue: bool) -> Write:
    who = script.profile
    issued_on = who.today - timedelta(days=40 if overdue else 0)
    return script.create(
        "invoice",
        "billing.invoice",
        id=who.id("I"),
        account_id=script.ref("billing.account"),
        subscription_id=script.ref("billing.subscription"),
        number=who.id("INV"),
        status="Draft",
        payment_status="Open",
        currency=who.currency,
        net_amount=net,
        tax_amount=tax,
        total_amount=net + tax,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=30),
        tax_code=who.tax_code,
        tax_region="PL" if script.suffers(TAXED_OTHERWISE, "region") else who.country,
    )


def _line(script: Script, index: int, charge: str, amount: Decimal) -> Write:
    return script.create(
        "invoice_line",
        f"billing.line.{index}",
        id=script.profile.id("L", index),
        account_id=script.ref("billing.account"),
        invoice_id=script.ref("billing.invoice"),
        charge=charge,
        quantity=1,
        currency=script.profile.currency,
        net_amount=amount,
        tax_amount=_tax(amount),
    )


def _tax(net: Decimal) -> Decimal:
    return (net * TAX_RATE).quantize(_CENT)


def _issue(script: Script, at: float, total: Decimal) -> float | None:
    """Billing posts the invoice; a flaw makes it too late for the ledger, or lets it hang on the way."""
    if script.tells(OUT_OF_ORDER):
        at = book_early(script, at, total) + (1.0 if script.tolerable else 5.0)
    if script.suffers(STUCK_IN_FLIGHT, "invoice"):
        script.add(at, "billing", _BILLING, script.change("invoice", "billing.invoice", status="Posting"))
        after = script.flawed_answer(STUCK_IN_FLIGHT)
        if after is None:
            return None
        at += after
    return script.add(at, "billing", _BILLING, script.change("invoice", "billing.invoice", status="Posted"))
