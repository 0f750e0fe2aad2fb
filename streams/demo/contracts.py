"""What was agreed becomes a subscription in billing and a contract in the ERP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from streams.demo.flaws import ACTIVATION_STALLED, VALUE_MISMATCH
from streams.demo.further import STATES_DISAGREE
from streams.demo.script import INTEGRATION, Script
from streams.demo.service import charges
from streams.demo.steps import Write

_CENT = Decimal("0.01")


def activate_subscription(script: Script, at: float) -> float | None:
    """Drafted, made ready, activated; returns when it became active."""
    who = script.profile
    script.add(
        at,
        "billing",
        INTEGRATION,
        _draft(script),
        subscription_version(script, 1, who.starts_on, who.contract_value),
        *(charges(script) if script.further else ()),
    )
    if script.chance(0.5):
        ready = script.rng.choice(("PendingActivation", "PendingAcceptance"))
        _subscription_status(script, at + script.soon(0.2, 0.7), INTEGRATION, ready)
    after = script.answer(ACTIVATION_STALLED)
    if after is None or who.starts_on > who.today:
        _account_active(script, at + script.soon(1.0, 2.0), certain=False)
        return None
    active = _subscription_status(script, at + after, "billing-operator", "Active")
    if not script.tells(STATES_DISAGREE):
        _account_active(script, active + script.soon(0.3, 1.0), certain=True)
    return active


def _draft(script: Script) -> Write:
    who = script.profile
    return script.create(
        "subscription",
        "billing.subscription",
        id=who.id("S"),
        account_id=script.ref("billing.account"),
        contract_number=who.id("CT"),
        number=who.id("SUB"),
        crm_opportunity_id=script.ref("crm.opportunity"),
        status="Draft",
        version=1,
        currency=who.currency,
        starts_on=who.starts_on,
        term_months=who.term_months,
        monthly_amount=who.monthly,
        total_contract_value=who.contract_value,
    )


def subscription_version(script: Script, number: int, effective_on: date, value: Decimal) -> Write:
    return script.create(
        "subscription_version",
        f"billing.version.{number}",
        id=script.profile.id("V", number),
        account_id=script.ref("billing.account"),
        subscription_id=script.ref("billing.subscription"),
        version=number,
        currency=script.profile.currency,
        effective_on=effective_on,
        total_contract_value=value,
    )


def _subscription_status(script: Script, at: float, by: str, status: str) -> float:
    return script.add(at, "billing", by, script.change("subscription", "billing.subscription", status=status))


def _account_active(script: Script, at: float, *, certain: bool) -> None:
    if certain or script.chance(0.5):
        script.add(at, "crm", INTEGRATION, script.change("Account", "crm.account", Status__c="Active"))


def carry_contract(script: Script, at: float) -> float:
    """The contract as finance carries it; a flaw may give it another value than billing's. Returns when."""
    who, value = script.profile, script.profile.contract_value
    if script.flaw and script.suffers(VALUE_MISMATCH, "erp from the start"):
        off = who.tolerance * Decimal("0.9") if script.flaw.within_tolerance else max(value / 20, Decimal(50))
        value = (value + script.rng.choice((-1, 1)) * off).quantize(_CENT)
    return script.add(
        at,
        "erp",
        INTEGRATION,
        script.create(
            "contract",
            "erp.contract",
            id=who.id("EK"),
            customer_id=script.ref("erp.customer"),
            number=who.id("CT"),
            status="Active",
            currency=who.currency,
            value=value,
            starts_on=who.starts_on,
            term_months=who.term_months,
        ),
    )
