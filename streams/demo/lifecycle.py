"""What becomes of a subscription in service: finance set up late, its contract signed late, or its end."""

from __future__ import annotations

from streams.demo.further import CANCELLATION_UNPROPAGATED, PROFILE_MISSING, STATES_DISAGREE, STEP_SKIPPED
from streams.demo.openings import set_up_finance
from streams.demo.script import INTEGRATION, Script
from streams.demo.service import end_service

_BILLING = "billing-operator"


def change_of_state(script: Script, won: float, active: float) -> None:
    """Only for the customer whose flaw it is; `won` and `active` are when the deal was and the service became so."""
    if script.suffers(PROFILE_MISSING):
        after = script.flawed_answer(PROFILE_MISSING)
        if after is not None:
            set_up_finance(script, active + after)
    if script.tells(STEP_SKIPPED):
        after = script.flawed_answer(STEP_SKIPPED)
        if after is not None:
            signed = script.change("contract", "billing.contract", status="Active")
            script.add(active + after, "billing", _BILLING, signed)
    if script.tells(STATES_DISAGREE):
        after = script.flawed_answer(STATES_DISAGREE)
        if after is not None:
            _account(script, max(won + after, active + 0.3), "Active")
    if script.tells(CANCELLATION_UNPROPAGATED):
        _cancel(script, active + script.soon(4.0, 6.0))


def _cancel(script: Script, at: float) -> None:
    """The customer leaves; revenue, product and CRM must learn of it."""
    cancelled = script.change("subscription", "billing.subscription", status="Cancelled")
    script.add(at, "billing", _BILLING, cancelled)
    end_service(script, at)
    after = script.answer(CANCELLATION_UNPROPAGATED, "crm")
    if after is not None:
        # The CRM stamps whole seconds: one more, lest the late one seems to be in time.
        _account(script, at + after + 1.0, "Churned")


def _account(script: Script, at: float, status: str) -> None:
    script.add(at, "crm", INTEGRATION, script.change("Account", "crm.account", Status__c=status))
