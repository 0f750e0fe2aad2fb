"""A month that is billed once more, under another number: charged twice, unless the first invoice was credited or it is
another month."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from streams.demo.bookings import posting
from streams.demo.changes import credit
from streams.demo.further import CHARGED_TWICE
from streams.demo.invoices import draft, line
from streams.demo.profile import last_day
from streams.demo.script import INTEGRATION, Script

_BILLING = "billing-operator"
_FINANCE = "finance"
_SECOND = "billing.invoice.2"
_LINE = 3
"""The first invoice has two lines at the most."""


def charge_again(script: Script, booked: float, total: Decimal) -> None:
    """The first invoice has been in the books since `booked`; late, the second is voided and taken out of them."""
    at = booked + script.soon(0.5, 1.5)
    if script.suffers(CHARGED_TWICE, "credited"):
        credit(script, at, total)
        at += 2.0
    who = script.profile
    next_month = last_day(who.starts_on, 1) + timedelta(days=1)
    starts_on = next_month if script.suffers(CHARGED_TWICE, "next month") else who.starts_on
    invoice = draft(script, who.monthly, _SECOND, 2, starts_on=starts_on)
    script.add(at, "billing", _BILLING, invoice, line(script, _SECOND, _LINE, "Subscription", who.monthly))
    posted = script.add(
        at + script.soon(0.4, 0.9), "billing", _BILLING, script.change("invoice", _SECOND, status="Posted")
    )
    number = who.id("INV", 2)
    in_ledger = posting(script, "erp.posting.2", who.id("LP", 2), "Posted", total, document=number)
    script.add(posted + script.soon(0.5, 3.0), "erp", INTEGRATION, in_ledger)
    after = script.flawed_answer(CHARGED_TWICE)
    if after is not None:
        voided = posted + 4.0 + after
        script.add(voided, "billing", _BILLING, script.change("invoice", _SECOND, status="Voided"))
        reversal = posting(script, "erp.reversal", who.id("LR"), "Posted", total, "reversal", document=number)
        script.add(voided + script.soon(0.5, 3.0), "erp", _FINANCE, reversal)
