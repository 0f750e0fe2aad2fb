"""What follows once a subscription is active: it is amended, invoiced, paid, and now and then credited."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from streams.demo.changes import amend, credit
from streams.demo.flaws import CREDIT_MEMO_UNPROPAGATED, INVOICE_NOT_POSTED, VALUE_MISMATCH
from streams.demo.script import INTEGRATION, Script

_CENT = Decimal("0.01")
_TAX_RATE = Decimal("0.2")
_BILLING = "billing-operator"
_FINANCE = "finance"


def bill(script: Script, active: float, in_erp: float | None) -> None:
    """Everything after activation; `in_erp` is when the ERP had customer and contract, if it has."""
    kind, where = (script.flaw.kind, script.flaw.where) if script.flaw else ("", "")
    if (kind == VALUE_MISMATCH and where != "erp from the start") or (not kind and script.chance(0.3)):
        amend(script, active + script.soon(1.0, 3.0), in_erp)
    if in_erp is None:
        return
    wanted = kind in (INVOICE_NOT_POSTED, CREDIT_MEMO_UNPROPAGATED) or script.chance(0.9)
    posted = _invoice(script, max(active, in_erp) + script.soon(0.3, 1.0)) if wanted else None
    if posted is not None and (kind == CREDIT_MEMO_UNPROPAGATED or (not kind and script.chance(0.25))):
        credit(script, posted + script.soon(0.5, 1.5))


def _invoice(script: Script, at: float) -> float | None:
    """Drafted with its lines, posted, booked in the ledger, paid; returns when the ledger had it, if it did."""
    who = script.profile
    free = script.flaw is None and script.chance(0.04)  # a total of zero has nothing to book
    net = Decimal(0) if free else who.monthly
    tax = (net * _TAX_RATE).quantize(_CENT)
    invoice = script.ref("billing.invoice")
    charges = (("Subscription", net), ("Onboarding", Decimal(0)))[: 1 + script.chance(0.3)]
    script.add(
        at,
        "billing",
        _BILLING,
        script.create(
            "invoice",
            "billing.invoice",
            id=who.id("I"),
            account_id=script.ref("billing.account"),
            subscription_id=script.ref("billing.subscription"),
            number=who.id("INV"),
            status="Draft",
            currency=who.currency,
            net_amount=net,
            tax_amount=tax,
            total_amount=net + tax,
            issued_on=who.today,
            due_on=who.today + timedelta(days=30),
        ),
        *(
            script.create(
                "invoice_line",
                f"billing.line.{index}",
                id=who.id("L", index),
                account_id=script.ref("billing.account"),
                invoice_id=invoice,
                charge=charge,
                quantity=1,
                currency=who.currency,
                net_amount=amount,
                tax_amount=(amount * _TAX_RATE).quantize(_CENT),
            )
            for index, (charge, amount) in enumerate(charges, 1)
        ),
    )
    posted = script.add(
        at + script.soon(0.4, 0.9),
        "billing",
        _BILLING,
        script.change("invoice", "billing.invoice", status="Posted"),
    )
    if free:
        return posted
    booked = _ledger_posting(script, posted, net + tax)
    if booked is not None and script.chance(0.7):
        _pay(script, max(booked, posted + 0.8), net + tax)
    return booked


def _ledger_posting(script: Script, posted: float, total: Decimal) -> float | None:
    """The invoice in the ledger, drafted and posted; a flaw leaves it out or in draft."""
    who = script.profile
    left_in_draft = script.suffers(INVOICE_NOT_POSTED, "left in draft")
    after = None if left_in_draft else script.answer(INVOICE_NOT_POSTED)
    if after is None and not left_in_draft:
        return None
    script.add(
        posted + (script.soon(0.3, 1.0) if after is None else after * 0.6),
        "erp",
        INTEGRATION,
        script.create(
            "ledger_posting",
            "erp.posting",
            id=who.id("LP"),
            customer_id=script.ref("erp.customer"),
            document_type="invoice",
            document_number=who.id("INV"),
            status="Draft",
            currency=who.currency,
            amount=total,
            posting_date=who.today,
        ),
    )
    if after is None:
        return None
    return script.add(posted + after, "erp", _FINANCE, script.change("ledger_posting", "erp.posting", status="Posted"))


def _pay(script: Script, at: float, total: Decimal) -> None:
    who = script.profile
    paid = script.add(
        at,
        "billing",
        INTEGRATION,
        script.create(
            "payment",
            "billing.payment",
            id=who.id("P"),
            account_id=script.ref("billing.account"),
            invoice_number=who.id("INV"),
            status="Settled",
            currency=who.currency,
            amount=total,
        ),
        script.change("invoice", "billing.invoice", status="Paid"),
    )
    script.add(
        paid + script.soon(0.3, 1.0),
        "erp",
        INTEGRATION,
        script.create(
            "cash_application",
            "erp.cash",
            id=who.id("CA"),
            customer_id=script.ref("erp.customer"),
            payment_reference=who.id("P"),
            invoice_number=who.id("INV"),
            currency=who.currency,
            amount=total,
        ),
    )
