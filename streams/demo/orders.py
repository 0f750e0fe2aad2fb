"""Deals that the ERP delivers by order."""

from __future__ import annotations

from streams.demo.further import WON_WITHOUT_ORDER
from streams.demo.script import INTEGRATION, Script


def orders_in_erp(script: Script) -> bool:
    """Every third deal without a flaw, and those whose flaw it is."""
    return script.tells(WON_WITHOUT_ORDER) or (script.flaw is None and script.profile.number % 3 == 0)


def place_order(script: Script, won: float, customer: float | None) -> None:
    """Once the ERP has the customer."""
    if not script.further or customer is None or not orders_in_erp(script):
        return
    after = script.flawed_answer(WON_WITHOUT_ORDER) if script.tells(WON_WITHOUT_ORDER) else 0.0
    if after is None:
        return
    who = script.profile
    order = script.create(
        "sales_order",
        "erp.order",
        id=who.id("SO"),
        customer_id=script.ref("erp.customer"),
        number=who.id("ORD"),
        crm_opportunity_id=script.ref("crm.opportunity"),
        status="Open",
        currency=who.currency,
        value=who.contract_value,
        ordered_on=who.today,
    )
    script.add(max(customer + script.soon(0.3, 1.0), won + after), "erp", INTEGRATION, order)
