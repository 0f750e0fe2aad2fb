"""Customers that belong to a group: its account in the CRM is the parent of theirs, which billing must know as well.

The group is a customer by itself. That it is put below its own customer is nothing that either shows alone."""

from __future__ import annotations

from streams.demo.beyond import PARENTS_IN_A_CIRCLE
from streams.demo.further import OTHER_PARENT
from streams.demo.script import INTEGRATION, SALES, Script
from streams.demo.steps import Value

_GROUP = "crm.group"
_GROUPED = (OTHER_PARENT, PARENTS_IN_A_CIRCLE)
"""Whose flaws need a group."""


def group(script: Script) -> dict[str, Value]:
    """Enters the group, and returns what the customer's account says of it; nothing where it belongs to none."""
    script.grouped = script.further and (script.tells_of(_GROUPED) or (script.flaw is None and script.chance(0.06)))
    if not script.grouped:
        return {}
    who = script.profile
    account = script.create(
        "Account",
        _GROUP,
        Name=f"{who.name} Group",
        AccountNumber=who.id("G"),
        Status__c="Prospect",
        BillingCountry=who.country,
        CurrencyIsoCode=who.currency,
        Legal_Entity__c=who.company_code,
        Delinquent__c=False,
    )
    script.add_for_group(0.0, "crm", SALES, account)
    return {"ParentId": script.ref(_GROUP)}


def stated_parent(script: Script) -> dict[str, Value]:
    """What billing says of the group when it opens the account."""
    if script.suffers(OTHER_PARENT, "another"):
        return {"parent_crm_account_id": script.ref("crm.account")}
    return {"parent_crm_account_id": script.ref(_GROUP)} if script.grouped and not script.tells(OTHER_PARENT) else {}


def correct_parent(script: Script, account: float) -> None:
    """In billing, which has had the account since `account`."""
    after = script.flawed_answer(OTHER_PARENT) if script.tells(OTHER_PARENT) else None
    if after is not None:
        right = script.change("account", "billing.account", parent_crm_account_id=script.ref(_GROUP))
        script.add(account + after, "billing", INTEGRATION, right)


def turn_in_a_circle(script: Script, account: float) -> None:
    """Somebody puts the group below its customer, whom billing has had since `account`."""
    if not script.tells(PARENTS_IN_A_CIRCLE):
        return
    at = account + script.soon(1.0, 3.0)
    wrong = script.change("Account", _GROUP, ParentId=script.ref("crm.account"))
    script.add_for_group(at, "crm", SALES, wrong)
    after = script.flawed_answer(PARENTS_IN_A_CIRCLE)
    if after is not None:
        script.add_for_group(at + after, "crm", SALES, script.change("Account", _GROUP, ParentId=None))
