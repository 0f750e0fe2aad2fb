"""An invoice as billing enters it, with what it charges for."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from streams.demo.further import TAXED_OTHERWISE
from streams.demo.profile import TAX_RATE, last_day
from streams.demo.script import Script
from streams.demo.steps import Write

_CENT = Decimal("0.01")


def draft(
    script: Script,
    net: Decimal,
    record: str = "billing.invoice",
    index: int = 0,
    *,
    starts_on: date | None = None,
    overdue: bool = False,
) -> Write:
    """For a month of service, from `starts_on`; usually the first."""
    who = script.profile
    issued_on = who.today - timedelta(days=40 if overdue else 0)
    starts_on = starts_on or who.starts_on
    tax = tax_on(net)
    return script.create(
        "invoice",
        record,
        id=who.id("I", index),
        account_id=script.ref("billing.account"),
        subscription_id=script.ref("billing.subscription"),
        number=who.id("INV", index),
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
        service_starts_on=starts_on,
        service_ends_on=last_day(starts_on, 1),
    )


def line(script: Script, invoice: str, index: int, charge: str, amount: Decimal) -> Write:
    """`index` counts the lines of the customer."""
    return script.create(
        "invoice_line",
        f"billing.line.{index}",
        id=script.profile.id("L", index),
        account_id=script.ref("billing.account"),
        invoice_id=script.ref(invoice),
        charge=charge,
        quantity=1,
        currency=script.profile.currency,
        net_amount=amount,
        tax_amount=tax_on(amount),
    )


def tax_on(net: Decimal) -> Decimal:
    return (net * TAX_RATE).quantize(_CENT)
