"""What follows once a subscription is active: it is amended, invoiced, and now and then credited."""

from __future__ import annotations

from decimal import Decimal

from streams.demo.beyond import SHARED_NUMBER
from streams.demo.bookings import book, book_early, follow_up
from streams.demo.changes import amend, credit
from streams.demo.dunning import is_overdue, show_delinquency
from streams.demo.flaws import CREDIT_MEMO_UNPROPAGATED, INVOICE_NOT_POSTED, VALUE_MISMATCH
from streams.demo.further import (
    AMENDMENT_UNPROPAGATED,
    CHARGED_TWICE,
    CREDIT_MEMO_ALONE,
    OUT_OF_ORDER,
    REFUND_UNPROPAGATED,
    STATE_REGRESSION,
    STUCK_IN_FLIGHT,
    TAXED_OTHERWISE,
)
from streams.demo.further import INVOICED as FURTHER_INVOICED
from streams.demo.groups import show_to_group
from streams.demo.invoices import draft, line, tax_on
from streams.demo.payments import show_invoice
from streams.demo.rebilling import charge_again
from streams.demo.script import SALES, Script
from streams.demo.set_up import set_up_late

_BILLING = "billing-operator"
_AMENDED = (VALUE_MISMATCH, AMENDMENT_UNPROPAGATED)
_INVOICED = (INVOICE_NOT_POSTED, CREDIT_MEMO_UNPROPAGATED, SHARED_NUMBER, *FURTHER_INVOICED)
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
    tax = tax_on(net)
    charges = (("Subscription", net), ("Onboarding", Decimal(0)))[: 1 + script.chance(0.3)]
    lines = (line(script, "billing.invoice", index, *charge) for index, charge in enumerate(charges, 1))
    script.add(at, "billing", _BILLING, draft(script, net, overdue=overdue), *lines)
    posted = _issue(script, at + script.soon(0.4, 0.9), net + tax)
    if free or posted is None:
        return posted
    set_up_late(script, "billing", posted)
    if script.further:
        show_invoice(script, posted, net + tax)
        show_to_group(script, posted, net + tax)
    if overdue:
        show_delinquency(script, posted)
    if script.suffers(TAXED_OTHERWISE, "moved"):
        moved = script.change("Account", "crm.account", Tax_Region__c="PL")
        script.add(posted + script.soon(2.0, 3.0), "crm", SALES, moved)
    booked = posted if script.tells(OUT_OF_ORDER) else book(script, posted, net + tax)
    if booked is None:
        return None
    set_up_late(script, "ledger", booked)
    if script.tells(CHARGED_TWICE):
        charge_again(script, booked, net + tax)
    else:
        follow_up(script, max(booked, posted + 0.8), net + tax, overdue=overdue)
    return booked


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
