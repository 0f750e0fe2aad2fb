"""Kinds 2, 40 and 54: from the deal to an order and a subscription, with every step between them."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import EVER, Claim, Wrong, money, there
from streams.demo.journal import History, Record

_SERVED = ("Active", "Suspended")


def won_without_subscription(history: History) -> Iterator[Claim]:
    for deal in history.records("crm", "opportunity"):

        def wrong(instant: Instant, deal: Record = deal) -> Wrong | None:
            subscriptions = history.records("billing", "subscription")
            if deal.value("StageName", instant) != "Closed Won":
                return None
            if there(subscriptions, instant, crm_opportunity_id=deal.native_id):
                return None
            return Wrong("billing", (deal,), *money(deal, "Amount", instant))

        won_at = deal.first_time(lambda values: values.get("StageName") == "Closed Won")
        if won_at is not None:
            yield Claim(further.WON_WITHOUT_SUBSCRIPTION, deal, wrong, won_at)


def step_skipped(history: History) -> Iterator[Claim]:
    for subscription in history.records("billing", "subscription"):

        def wrong(instant: Instant, subscription: Record = subscription) -> Wrong | None:
            if subscription.value("status", instant) not in _SERVED:
                return None
            opportunity, number = (subscription.value(c, instant) for c in ("crm_opportunity_id", "contract_number"))
            deals = [d for d in there(history.records("crm", "opportunity"), instant) if d.native_id == opportunity]
            contracts = there(history.records("billing", "contract"), instant, number=number)
            won = any(deal.value("StageName", instant) == "Closed Won" for deal in deals)
            made = any(contract.value("status", instant) != "Draft" for contract in contracts)
            if won and made:
                return None
            owner = "crm" if deals and not won else "billing"
            evidence = (subscription, *deals, *contracts)
            return Wrong(owner, evidence, *money(subscription, "total_contract_value", instant))

        served_at = subscription.first_time(lambda values: values["status"] in _SERVED)
        if served_at is not None:
            yield Claim(further.STEP_SKIPPED, subscription, wrong, served_at)


def won_without_order(history: History) -> Iterator[Claim]:
    for deal in there(history.records("crm", "opportunity"), EVER, Order_Managed__c=True):

        def wrong(instant: Instant, deal: Record = deal) -> Wrong | None:
            orders = there(history.records("erp", "order"), instant, opportunity_id=deal.native_id, status="Open")
            if orders or deal.value("StageName", instant) != "Closed Won":
                return None
            return Wrong("erp", (deal,), *money(deal, "Amount", instant))

        won_at = deal.first_time(lambda values: values.get("StageName") == "Closed Won")
        if won_at is not None:
            yield Claim(further.WON_WITHOUT_ORDER, deal, wrong, won_at)
