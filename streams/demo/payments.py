"""Money through the payment processor: settled there, then told to billing, the books and the CRM; at times refunded.

Only companies with a processor come here; in the first story billing takes the money itself."""

from __future__ import annotations

from decimal import Decimal

from streams.demo.further import NOT_SHOWN, PAYMENT_UNPROPAGATED, REFUND_UNPROPAGATED, UNMATCHED
from streams.demo.script import INTEGRATION, Script
from streams.demo.steps import Ref, Write

_CENT = Decimal("0.01")
_PROCESSOR = "processor"
_FINANCE = "finance"


def open_processor_customer(script: Script, at: float, account: str = "crm.account") -> None:
    """`account`: whom in the CRM it names."""
    who = script.profile
    script.add(
        at,
        "processor",
        INTEGRATION,
        script.create(
            "customer",
            "processor.customer",
            id=who.id("CUS"),
            name=who.name,
            email=who.email,
            crm_account_id=script.ref(account),
            domain=who.domain,
        ),
    )


def show_invoice(script: Script, posted: float, total: Decimal) -> None:
    """In the CRM's account view."""
    who = script.profile
    script.add(
        posted + script.soon(0.2, 0.7),
        "crm",
        INTEGRATION,
        script.create(
            "Invoice__c",
            "crm.invoice",
            Account__c=script.ref("crm.account"),
            Number__c=who.id("INV"),
            Amount__c=total,
            CurrencyIsoCode=who.currency,
            Status__c="Posted",
            Payment_Status__c="Open",
        ),
    )


def show_payment(script: Script, received: float) -> None:
    """In the CRM's account view."""
    after = script.answer(NOT_SHOWN)
    if after is not None:
        # The CRM stamps whole seconds: one more, lest the late one seems to be in time.
        later = 1.0 if script.tells(NOT_SHOWN) else 0.0
        paid = script.change("Invoice__c", "crm.invoice", Status__c="Paid", Payment_Status__c="Paid")
        script.add(received + after + later, "crm", INTEGRATION, paid)


def pay_by_card(script: Script, at: float, total: Decimal, paid: Write) -> float:
    """`paid` is how billing shows it; returns when the last of the others had it at the latest."""
    script.add(at, "processor", INTEGRATION, _money(script, "payment_intent", "payment", "PI", "processing", total))
    settled = script.add(
        at + script.soon(0.3, 0.8),
        "processor",
        _PROCESSOR,
        script.change("payment_intent", "processor.payment", status="succeeded"),
    )
    after = script.answer(PAYMENT_UNPROPAGATED, "card")
    if after is not None:
        script.add(settled + after, "billing", INTEGRATION, billing_payment(script, total), paid)
    _apply(script, settled, total)
    show_payment(script, settled)
    if script.tells(REFUND_UNPROPAGATED) or (script.flaw is None and script.chance(0.15)):
        _refund(script, settled + script.soon(3.0, 4.0))
    return settled + (after or 0.0)


def billing_payment(script: Script, total: Decimal) -> Write:
    """As billing keeps it."""
    who = script.profile
    return script.create(
        "payment",
        "billing.payment",
        id=who.id("P"),
        account_id=script.ref("billing.account"),
        invoice_number=who.id("INV"),
        status="Settled",
        currency=who.currency,
        amount=total,
    )


def _apply(script: Script, settled: float, total: Decimal) -> None:
    """To receivables; a flaw leaves it out, or a part of it."""
    if script.suffers(UNMATCHED, "in part"):
        left = _CENT if script.tolerable else max(_CENT * 100, (total / 4).quantize(_CENT))
        script.add(settled + script.soon(0.5, 3.0), "erp", INTEGRATION, cash(script, total - left, "PI"))
        return
    after = script.answer(UNMATCHED)
    if after is not None:
        script.add(settled + after, "erp", INTEGRATION, cash(script, total, "PI"))


def cash(script: Script, total: Decimal, payment: str) -> Write:
    """Applied in the ERP; `payment` is the prefix of the id that it names."""
    who = script.profile
    return script.create(
        "cash_application",
        "erp.cash",
        id=who.id("CA"),
        customer_id=script.ref("erp.customer"),
        payment_reference=who.id(payment),
        invoice_number=who.id("INV"),
        currency=who.currency,
        amount=total,
    )


def _refund(script: Script, at: float) -> None:
    """As much as a credit memo would be worth, given back; billing knows of it by the one or the other."""
    who = script.profile
    amount = credited(script)
    refund = _money(
        script, "refund", "refund", "RE", "pending", amount, payment_intent_id=script.ref("processor.payment")
    )
    script.add(at, "processor", INTEGRATION, refund)
    settled = script.add(
        at + script.soon(0.3, 0.8),
        "processor",
        _PROCESSOR,
        script.change("refund", "processor.refund", status="succeeded"),
    )
    after = script.answer(REFUND_UNPROPAGATED, "billing")
    if after is not None and not script.suffers(REFUND_UNPROPAGATED, "credited"):
        known = script.create(
            "refund",
            "billing.refund",
            id=who.id("BR"),
            account_id=script.ref("billing.account"),
            invoice_number=who.id("INV"),
            processor_reference=who.id("RE"),
            currency=who.currency,
            amount=amount,
        )
        script.add(settled + after, "billing", INTEGRATION, known)
    booked = script.answer(REFUND_UNPROPAGATED, "ledger")
    if booked is not None:
        posting = script.create(
            "ledger_posting",
            "erp.refund",
            id=who.id("LF"),
            customer_id=script.ref("erp.customer"),
            document_type="refund",
            document_number=who.id("RE"),
            status="Posted",
            currency=who.currency,
            amount=amount,
            posting_date=who.today,
        )
        script.add(settled + booked, "erp", _FINANCE, posting)


def credited(script: Script) -> Decimal:
    """What a credit memo is worth."""
    return max(_CENT, (script.profile.monthly / 10).quantize(_CENT))


def _money(script: Script, table: str, name: str, prefix: str, status: str, amount: Decimal, **more: Ref) -> Write:
    who = script.profile
    return script.create(
        table,
        f"processor.{name}",
        id=who.id(prefix),
        customer_id=script.ref("processor.customer"),
        invoice_number=who.id("INV"),
        status=status,
        currency=who.currency,
        amount=amount,
        **more,
    )
