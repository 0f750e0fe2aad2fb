"""A row with a status that nobody has mapped yet: driftwise cannot read it, and somebody must deal with the letter."""

from __future__ import annotations

from streams.demo.payments import credited
from streams.demo.script import Script
from streams.demo.steps import Value

RECORD = "billing.unreadable"
_BILLING = "billing-operator"


def write_unreadable(script: Script, at: float) -> None:
    """A credit memo, or a change order, which is no financial document; each in a state that billing has had since its
    last release."""
    who = script.profile
    account = script.ref("billing.account")
    common: dict[str, Value] = {"id": who.id("U"), "account_id": account, "number": who.id("UN")}
    if script.tolerable:
        row = script.create(
            "amendment",
            RECORD,
            **common,
            subscription_id=script.ref("billing.subscription"),
            type="Upsell",
            effective_on=who.today,
            status="PendingSignature",
        )
    else:
        row = script.create(
            "credit_memo",
            RECORD,
            **common,
            invoice_number=who.id("INV"),
            currency=who.currency,
            total_amount=credited(script),
            status="PendingApproval",
        )
    script.add(at, "billing", _BILLING, row)
