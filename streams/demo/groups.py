"""Customers that belong to a group: its account in the CRM is the parent of theirs, which billing must know as well.

The group is a customer by itself. What is wrong between the two is nothing that either shows alone: the group is put
below its own customer, or is shown an invoice of the customer's number."""

from __future__ import annotations

from decimal import Decimal

from streams.demo.beyond import PARENTS_IN_A_CIRCLE, SHARED_NUMBER
from streams.demo.further import OTHER_PARENT
from streams.demo.script import INTEGRATION, SALES, Script
from streams.demo.steps import Value

_GROUP = "crm.group"
_GROUPED = (OTHER_PARENT, PARENTS_IN_A_CIRCLE, SHARED_NUMBER)
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
    script.add_beside(0.0, "crm", SALES, account)
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
    script.add_beside(at, "crm", SALES, wrong)
    after = script.flawed_answer(PARENTS_IN_A_CIRCLE)
    if after is not None:
        script.add_beside(at + after, "crm", SALES, script.change("Account", _GROUP, ParentId=None))


def show_to_group(script: Script, posted: float, total: Decimal) -> None:
    """The customer's invoice, posted then, in the account view of its group as well; late, it is voided there. A credit
    memo of that number is none, nor is an invoice that never stood."""
    if not script.tells(SHARED_NUMBER):
        return
    memo, voided = script.suffers(SHARED_NUMBER, "credited"), script.suffers(SHARED_NUMBER, "voided")
    table, record = ("Credit_Memo__c", "crm.group.memo") if memo else ("Invoice__c", "crm.group.invoice")
    shown = script.create(
        table,
        record,
        Account__c=script.ref(_GROUP),
        Number__c=script.profile.id("INV"),
        Amount__c=total,
        CurrencyIsoCode=script.profile.currency,
        Status__c="Voided" if voided else "Posted",
    )
    at = posted + script.soon(2.5, 3.5)
    script.add_beside(at, "crm", INTEGRATION, shown)
    after = script.flawed_answer(SHARED_NUMBER)
    if after is not None:  # not before a poll has met it
        script.add_beside(at + 6.0 + after, "crm", INTEGRATION, script.change(table, record, Status__c="Voided"))
