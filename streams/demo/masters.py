"""What the three systems say of a customer, where a flaw makes them say different things."""

from __future__ import annotations

from streams.demo.further import ATTRIBUTE_DIVERGENCE, DUPLICATE_CUSTOMER, OSCILLATION, OWNERSHIP_VIOLATION
from streams.demo.groups import correct_parent
from streams.demo.script import INTEGRATION, SALES, Script
from streams.demo.steps import System, Value

_PLACES: dict[str, tuple[System, str, str, str, str]] = {
    # system, who writes there, table, record, column
    "billing name": ("billing", INTEGRATION, "account", "billing.account", "name"),
    "erp country": ("erp", INTEGRATION, "customer", "erp.customer", "country"),
    "crm tax id": ("crm", SALES, "Account", "crm.account", "Tax_Id__c"),
}
_CLERK = "billing-operator"


def stated(script: Script, place: str, value: str) -> str:
    """The value as it is first entered there: right, unless this customer's flaw is to enter another."""
    if not script.suffers(ATTRIBUTE_DIVERGENCE, place):
        return value
    if script.tolerable:
        return value.upper()
    return {"erp country": "PL", "crm tax id": f"{value}9"}.get(place, f"{value} (old)")


def disagree(script: Script, won: float, account: float, customer: float | None) -> None:
    """What follows on a wrong entry, a second account, or an edit where it is not for billing to decide.

    `account` and `customer` are when billing and ERP had the customer."""
    if script.tells(ATTRIBUTE_DIVERGENCE) and not script.tolerable:
        _set_right(script, account, customer)
    correct_parent(script, account)
    if script.tells(DUPLICATE_CUSTOMER):
        _second_account(script, max(won, account) + script.soon(1.0, 3.0))
    if script.tells(OWNERSHIP_VIOLATION):
        _edit(script, account + script.soon(2.0, 4.0))
    if script.tells(OSCILLATION):
        _quarrel(script, account + script.soon(2.0, 4.0))


def _set_right(script: Script, account: float, customer: float | None) -> None:
    assert script.flaw is not None
    after, place = script.flawed_answer(ATTRIBUTE_DIVERGENCE), script.flaw.where
    begun = account if place == "billing name" else customer
    if after is None or begun is None:
        return
    who = script.profile
    right: Value = {"billing name": who.name, "erp country": who.country, "crm tax id": who.tax_id}[place]
    system, by, table, record, column = _PLACES[place]
    # The CRM stamps whole seconds: one more, lest the late one seems to be in time.
    later = 1.0 if system == "crm" else 0.0
    script.add(begun + after + later, system, by, script.change(table, record, **{column: right}))


def _second_account(script: Script, at: float) -> None:
    """Opened by hand for a customer that has one; some day it is closed."""
    who = script.profile
    script.add(
        at,
        "billing",
        _CLERK,
        script.create(
            "account",
            "billing.account.2",
            id=who.id("A", 2),
            name=who.name,
            status="Draft" if script.tolerable else "Active",
            crm_account_id=script.ref("crm.account"),
            currency=who.currency,
            bill_to_email=who.email,
            tax_id=who.tax_id,
            country=who.country,
        ),
    )
    after = script.flawed_answer(DUPLICATE_CUSTOMER)
    if after is not None:
        script.add(at + after, "billing", _CLERK, script.change("account", "billing.account.2", status="Closed"))


def _edit(script: Script, at: float) -> None:
    """A clerk in billing renames the customer, which is the CRM's to do; late, it is put back."""
    name = script.profile.name
    _rename(script, at, _CLERK, name.upper() if script.tolerable else f"{name} Holding")
    after = script.flawed_answer(OWNERSHIP_VIOLATION)
    if after is not None:
        _rename(script, at + 1.0 + after, INTEGRATION, name)


def _quarrel(script: Script, at: float) -> None:
    """A clerk renames, the integration puts the name back, and so on."""
    name, times = script.profile.name, 1 if script.tolerable else 2
    for turn in range(times):
        _rename(script, at + turn * 3.0, _CLERK, f"{name} Holding")
        _rename(script, at + turn * 3.0 + 1.5, INTEGRATION, name)


def _rename(script: Script, at: float, by: str, name: str) -> None:
    script.add(at, "billing", by, script.change("account", "billing.account", name=name))
