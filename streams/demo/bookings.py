"""An invoice in the books: posted in the ledger, then paid, voided, or whatever a flaw has in store for it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from streams.demo.dunning import clear_delinquency
from streams.demo.flaws import INVOICE_NOT_POSTED
from streams.demo.further import (
    AMOUNT_MISMATCH,
    DELINQUENCY_UNSHOWN,
    DUPLICATE_DOCUMENT,
    PAID,
    PAYMENT_UNPROPAGATED,
    REVERSAL_INCOMPLETE,
    STATE_REGRESSION,
    STUCK_IN_FLIGHT,
    TAXED_OTHERWISE,
)
from streams.demo.payments import billing_payment, cash, pay_by_card, show_payment
from streams.demo.script import INTEGRATION, Script
from streams.demo.steps import Value, Write

_CENT = Decimal("0.01")
_BILLING = "billing-operator"
_FINANCE = "finance"


def book(script: Script, posted: float, total: Decimal) -> float | None:
    """The invoice in the ledger, drafted and posted; a flaw leaves it out, in draft or in flight. Returns when it
    stood there, if it did."""
    left_in_draft = script.suffers(INVOICE_NOT_POSTED, "left in draft")
    after = None if left_in_draft else script.answer(INVOICE_NOT_POSTED)
    if after is None and not left_in_draft:
        return None
    wrong = script.tells(AMOUNT_MISMATCH)
    amount = total + max(_CENT * 100, (total / 20).quantize(_CENT)) if wrong else total
    draft = posted + (script.soon(0.3, 1.0) if after is None else after * 0.6)
    taxed, right = _taxed(script)
    drafted = posting(script, "erp.posting", script.profile.id("LP"), "Draft", amount, otherwise=taxed)
    script.add(draft, "erp", INTEGRATION, drafted)
    if after is None:
        return None
    at = posted + after
    if script.suffers(STUCK_IN_FLIGHT, "ledger"):
        script.add(at, "erp", _FINANCE, _status(script, "Posting"))
        until = script.flawed_answer(STUCK_IN_FLIGHT)
        if until is None:
            return None
        at += until
    script.add(at, "erp", _FINANCE, _status(script, "Posted"))
    if taxed and (until := script.flawed_answer(TAXED_OTHERWISE)) is not None:
        script.add(at + until, "erp", _FINANCE, script.change("ledger_posting", "erp.posting", **right))
    if wrong and (until := script.flawed_answer(AMOUNT_MISMATCH)) is not None:
        script.add(at + until, "erp", _FINANCE, script.change("ledger_posting", "erp.posting", amount=total))
    return at


def _taxed(script: Script) -> tuple[dict[str, Value], dict[str, Value]]:
    """Columns that a flaw has other than they should be, and what they should be."""
    who = script.profile
    if script.suffers(TAXED_OTHERWISE, "code"):
        return {"tax_code": "PL23"}, {"tax_code": who.tax_code}
    if script.suffers(TAXED_OTHERWISE, "amount"):
        off = 99 * _CENT if script.tolerable else 100 * _CENT
        return {"tax_amount": who.tax - off}, {"tax_amount": who.tax}
    return {}, {}


def book_early(script: Script, at: float, total: Decimal) -> float:
    """The ledger has it before billing has issued it; returns when."""
    return script.add(at, "erp", _FINANCE, posting(script, "erp.posting", script.profile.id("LP"), "Posted", total))


def follow_up(script: Script, at: float, total: Decimal, *, overdue: bool) -> None:
    """Once the invoice stands in the books: most are paid, and those that are overdue late."""
    if script.tells(REVERSAL_INCOMPLETE):
        _void(script, at + script.soon(0.5, 1.5), total)
    elif overdue:
        if not script.tells(DELINQUENCY_UNSHOWN):
            clear_delinquency(script, _pay_the_bank(script, at + 4.0, total))
    elif script.suffers(PAYMENT_UNPROPAGATED, "bank"):
        _pay_the_bank(script, at, total)
    elif script.tells(STATE_REGRESSION):
        paid = _pay(script, at, total)
        _step_back(script, paid + script.soon(3.0, 4.0))
    elif script.tells(DUPLICATE_DOCUMENT):
        _book_again(script, at + script.soon(0.5, 1.5), total)
    elif script.tells_of(PAID) or script.chance(0.7):
        _pay(script, at, total)


def _pay(script: Script, at: float, total: Decimal) -> float:
    """Through the processor, or where there is none through billing, which tells the ERP; returns when billing knew."""
    if script.further:
        return pay_by_card(script, at, total, _paid(script))
    paid = script.add(at, "billing", INTEGRATION, billing_payment(script, total), _paid(script))
    script.add(paid + script.soon(0.3, 1.0), "erp", INTEGRATION, cash(script, total, "P"))
    return paid


def _pay_the_bank(script: Script, at: float, total: Decimal) -> float:
    """By transfer: the ERP applies the cash, and must tell billing; returns when it was applied."""
    applied = script.add(at, "erp", _FINANCE, cash(script, total, "P"))
    show_payment(script, applied)
    after = script.answer(PAYMENT_UNPROPAGATED, "bank")
    if after is not None:
        script.add(applied + after, "billing", INTEGRATION, _paid(script))
    return applied


def _paid(script: Script, status: str = "Paid") -> Write:
    payment_status = "Paid" if status == "Paid" else "Open"
    return script.change("invoice", "billing.invoice", status=status, payment_status=payment_status)


def _step_back(script: Script, at: float) -> None:
    """Paid, and then only posted; where a credit memo explains it, not for long."""
    script.add(at, "billing", _BILLING, _paid(script, "Posted"))
    if script.tolerable:
        script.add(at + 2.0, "billing", _BILLING, _paid(script))


def _void(script: Script, at: float, total: Decimal) -> None:
    script.add(at, "billing", _BILLING, script.change("invoice", "billing.invoice", status="Voided"))
    after = script.flawed_answer(REVERSAL_INCOMPLETE)
    if after is not None:
        reversal = posting(script, "erp.reversal", script.profile.id("LR"), "Posted", total, "reversal")
        script.add(at + after, "erp", _FINANCE, reversal)


def _book_again(script: Script, at: float, total: Decimal) -> None:
    status = "Draft" if script.tolerable else "Posted"
    script.add(at, "erp", _FINANCE, posting(script, "erp.posting.2", script.profile.id("LP", 2), status, total))


def posting(
    script: Script,
    record: str,
    id_: str,
    status: str,
    amount: Decimal,
    document_type: str = "invoice",
    otherwise: Mapping[str, Value] = MappingProxyType({}),
    document: str = "",
) -> Write:
    """`document`: its number; empty: that of the customer's first invoice."""
    who = script.profile
    usual: dict[str, Value] = {
        "id": id_,
        "customer_id": script.ref("erp.customer"),
        "document_type": document_type,
        "document_number": document or who.id("INV"),
        "status": status,
        "currency": who.currency,
        "amount": amount,
        "posting_date": who.today,
        "tax_code": who.tax_code,
        "tax_amount": who.tax,
    }
    return script.create("ledger_posting", record, **{**usual, **otherwise})


def _status(script: Script, status: str) -> Write:
    return script.change("ledger_posting", "erp.posting", status=status)
