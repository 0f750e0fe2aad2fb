"""A company that is entered twice: by sales, and a payment processor takes it for the other of the two; or by hand in
the ERP or in billing, where nobody links it.

No deal is won: all that comes of it is about who the customer is."""

from __future__ import annotations

from collections.abc import Callable

from streams.demo.beyond import HELD, IDENTITY_CONFLICT, SUSPECTED_TWICE
from streams.demo.flaws import WRITEBACK_MISSING
from streams.demo.openings import account_in_billing, account_in_crm, win_deal
from streams.demo.payments import open_processor_customer
from streams.demo.references import refer
from streams.demo.script import INTEGRATION, SALES, Script
from streams.demo.steps import System, Write

SECOND = "crm.account.2"
_DOUBLE = "double"


def enter_twice(script: Script) -> None:
    """Billing's account is the first one's, the processor's customer the second one's, and both have one domain, which
    is one tenant of the product: so the two are said to be one customer."""
    win_deal(script, "open", ordered=False)
    second = script.add(script.soon(0.5, 1.5), "crm", SALES, account_in_crm(script, SECOND, 2))
    account = script.add(second + script.soon(0.3, 1.0), "billing", INTEGRATION, account_in_billing(script))
    if not script.suffers(IDENTITY_CONFLICT, HELD):
        _refer_to_billing(script, account)
    named = "crm.account" if script.tolerable else SECOND
    paying = account + script.soon(0.3, 0.8)
    open_processor_customer(script, paying, named)
    until = script.flawed_answer(IDENTITY_CONFLICT)
    if until is not None:
        right = script.change("customer", "processor.customer", crm_account_id=script.ref("crm.account"))
        script.add(paying + until, "processor", INTEGRATION, right)


def _refer_to_billing(script: Script, account: float) -> None:
    after = script.answer(WRITEBACK_MISSING, "billing")
    assert after is not None
    refer(script, account + after, "billing")


def enter_by_hand(script: Script) -> None:
    """A record that no deal asked for, beside the company's account in billing; some day it is closed."""
    win_deal(script, "open", ordered=False)
    account = script.add(script.soon(1.0, 2.0), "billing", INTEGRATION, account_in_billing(script))
    _refer_to_billing(script, account)
    assert script.flaw is not None
    system, clerk, entered = _BY_HAND[script.flaw.where]
    double = entered(script)
    at, until = account + script.soon(1.0, 3.0), script.flawed_answer(SUSPECTED_TWICE)
    script.add_beside(at, system, clerk, double)
    if until is not None:
        script.add_beside(at + until, system, clerk, script.change(double.table, _DOUBLE, status="Closed"))


def _opened(script: Script) -> Write:
    """A second account; where it is no duplicate, it is only a draft."""
    who = script.profile
    return script.create(
        "account",
        _DOUBLE,
        id=who.id("A", 2),
        name=who.name,
        status="Draft" if script.tolerable else "Active",
        currency=who.currency,
        bill_to_email=who.email,
        tax_id=who.tax_id,
        country=who.country,
    )


def _created(script: Script) -> Write:
    """A customer of the ERP; where it is no duplicate, it is kept for another currency, and so meant to be two."""
    who = script.profile
    other = "USD" if who.currency != "USD" else "EUR"
    return script.create(
        "customer",
        _DOUBLE,
        id=who.id("C"),
        legal_name=who.name,
        status="Active",
        tax_registration=who.tax_id,
        currency=other if script.tolerable else who.currency,
        country=who.country,
        company_code=who.company_code,
    )


_BY_HAND: dict[str, tuple[System, str, Callable[[Script], Write]]] = {
    # where: who writes what there
    "billing": ("billing", "billing-operator", _opened),
    "erp": ("erp", "finance", _created),
}
