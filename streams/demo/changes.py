"""Changes of mind after the deal: an amendment of the contract, a credit memo for an invoice."""

from __future__ import annotations

from decimal import Decimal

from streams.demo.contracts import subscription_version
from streams.demo.flaws import CREDIT_MEMO_UNPROPAGATED, VALUE_MISMATCH
from streams.demo.further import AMENDMENT_UNPROPAGATED, CREDIT_MEMO_ALONE
from streams.demo.payments import credited
from streams.demo.script import INTEGRATION, SALES, Script
from streams.demo.service import recut
from streams.demo.steps import Value, Write

_CENT = Decimal("0.01")
_BILLING = "billing-operator"
_FINANCE = "finance"


def amend(script: Script, at: float, in_erp: float | None, scheduled: float | None) -> None:
    """The contract grows in billing; contract and schedule in the ERP follow. The opportunity follows, leads, or stays
    as it was sold; a flaw gives it a value that nobody agreed on."""
    who = script.profile
    monthly = (who.monthly * script.rng.choice((Decimal("1.10"), Decimal("1.25"), Decimal("1.5")))).quantize(_CENT)
    value = monthly * who.term_months
    sold = script.rng.random() if script.flaw is None else 0.5
    leads, stays, wrong = sold < 0.3, sold > 0.7, script.suffers(VALUE_MISMATCH, "opportunity")
    deal = 1.5 if wrong else -script.soon(0.4, 1.5) if leads else script.soon(0.4, 2.5)
    if not stays:
        agreed = value + who.monthly if wrong else value
        # Not within the second before the amendment: the CRM's whole-second stamp would put it first.
        at_deal = at + deal + (0.0 if leads else 1.0)
        script.add(at_deal, "crm", SALES, script.change("Opportunity", "crm.opportunity", Amount=agreed))
    script.add(
        at,
        "billing",
        _BILLING,
        _amendment(script),
        script.change(
            "subscription", "billing.subscription", version=2, monthly_amount=monthly, total_contract_value=value
        ),
        subscription_version(script, 2, who.today, value),
        script.change("contract", "billing.contract", value=value),
    )
    ledger = (
        script.flawed_answer(AMENDMENT_UNPROPAGATED)
        if script.suffers(AMENDMENT_UNPROPAGATED, "contract")
        else script.answer(VALUE_MISMATCH, "erp")
    )
    if in_erp is not None and ledger is not None:
        script.add(
            max(at + ledger, in_erp + 0.2), "erp", INTEGRATION, script.change("contract", "erp.contract", value=value)
        )
    if scheduled is not None:
        recut(script, at, scheduled, value)


def _amendment(script: Script) -> Write:
    who = script.profile
    return script.create(
        "amendment",
        "billing.amendment",
        id=who.id("AM", 1),
        account_id=script.ref("billing.account"),
        subscription_id=script.ref("billing.subscription"),
        number=who.id("AMD", 1),
        type="Upsell",
        effective_on=who.today,
        status="Active",
    )


def credit(script: Script, at: float, amount: Decimal | None = None) -> None:
    """A credit memo, over a part of the invoice unless told: asked for in billing, posted in the ERP, shown in the
    CRM's account view."""
    who = script.profile
    amount = credited(script) if amount is None else amount
    memo: dict[str, Value] = {
        "id": who.id("M"),
        "number": who.id("CM"),
        "invoice_number": who.id("INV"),
        "currency": who.currency,
        "total_amount": amount,
    }
    account, customer = script.ref("billing.account"), script.ref("erp.customer")
    script.add(
        at,
        "billing",
        _BILLING,
        script.create("credit_memo", "billing.memo", account_id=account, status="Posted", **memo),
    )
    drafted = script.add(
        at + script.soon(0.2, 0.6),
        "erp",
        _FINANCE,
        script.create("credit_memo", "erp.memo", customer_id=customer, status="Draft", **memo),
    )
    late = script.flawed_answer(CREDIT_MEMO_ALONE) if script.tells(CREDIT_MEMO_ALONE) else 0.0
    if late is None:
        return
    posted = script.add(
        max(drafted + script.soon(0.3, 0.8), at + late),
        "erp",
        _FINANCE,
        script.change("credit_memo", "erp.memo", status="Posted"),
    )
    after = script.answer(CREDIT_MEMO_UNPROPAGATED)
    if after is not None:
        script.add(posted + after, "crm", INTEGRATION, _shown(script, amount))


def _shown(script: Script, amount: Decimal) -> Write:
    """In the account view."""
    who = script.profile
    return script.create(
        "Credit_Memo__c",
        "crm.memo",
        Account__c=script.ref("crm.account"),
        Number__c=who.id("CM"),
        Amount__c=amount,
        CurrencyIsoCode=who.currency,
        Status__c="Posted",
    )
