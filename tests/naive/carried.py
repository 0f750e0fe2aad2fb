"""What a subscription asks of others, as the catalogue says it: kinds 16, 18 and 40."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from tests.naive.past import Answer, Kind, Past, day
from tests.naive.world import Record

ABSOLUTE, RELATIVE = Decimal("1.00"), Decimal("0.001")


IN_SERVICE, BEFORE_SERVICE = ("active", "suspended"), ("draft", "pending_activation", "pending_acceptance")


def midnight(of: date | None) -> float:
    """With which a day begins."""
    return (of - date(1970, 1, 1)).days * 86400.0 if of else 0.0


def on(stated: str | None) -> date | None:
    return date.fromisoformat(stated) if stated else None


def amendment_unpropagated(past: Past, subscription: Record) -> Answer | None:
    version = subscription["version_number"]
    if not in_force(subscription, past.today) or version is None or version < 2:
        return None

    lags = any(contract_lags(c, subscription) for c in contracts(past, subscription)) or cut_before(past, subscription)
    known = subscription.since(lambda s: s["status"] in IN_SERVICE and s["version_number"] == version)
    return Answer(not lags, max(known or 0.0, midnight(on(subscription["effective_on"]))))


def in_force(subscription: Record, today: date) -> bool:
    began = on(subscription["effective_on"])
    return subscription["status"] in IN_SERVICE and (began is None or began <= today)


def contracts(past: Past, subscription: Record) -> list[Record]:
    found = past.now.all("contract", "crm", "erp", number=subscription["contract_ref"])
    return [c for c in found if c["status"] != "ended"]


def contract_lags(contract: Record, subscription: Record) -> bool:
    if contract["version_number"] is not None:
        return bool(contract["version_number"] < subscription["version_number"])
    ours, theirs = subscription["total_value"], contract["value"]
    if not ours or not theirs or ours["currency"] != theirs["currency"]:
        return False
    a, b = Decimal(ours["amount"]), Decimal(theirs["amount"])
    if subscription["term_months"] and contract["term_months"]:
        b = b * subscription["term_months"] / contract["term_months"]
    return abs(a - b) > max(ABSOLUTE, RELATIVE * abs(a))


def cut_before(past: Past, subscription: Record) -> bool:
    """Revenue is still recognised by the version before, and none by this one."""
    cut = past.now.all("revenue_schedule", "erp", subscription_number=subscription["number"])
    running = [s["version_number"] for s in cut if s["status"] != "closed" and s["version_number"] is not None]
    return bool(running) and max(running) < subscription["version_number"]


def cancellation_unpropagated(past: Past, subscription: Record) -> Answer | None:
    if not ended(subscription, past.today):
        return None
    last, number = last_day(subscription), subscription["number"]
    serving = [
        found
        for entity, system, running in RUNNING
        for found in past.now.all(entity, system, subscription_number=number)
        if found["status"] in running and (on(found["ends_on"]) or date.max) > last
    ]
    told = not serving and not account_stays(past, subscription)
    return Answer(told, over_since(subscription))


RUNNING = (("revenue_schedule", "erp", ("active", None)), ("entitlement", "product", ("active",)))


def ended(subscription: Record, today: date) -> bool:
    last = on(subscription["ends_on"])
    return subscription["status"] == "cancelled" and (last is None or last < today)


def cancelled(subscription: Record) -> float:
    return subscription.since(lambda s: s["status"] == "cancelled") or 0.0


def over_since(subscription: Record) -> float:
    last = on(subscription["ends_on"])
    return max(cancelled(subscription), midnight(last + timedelta(days=1) if last else None))


def last_day(subscription: Record) -> date:
    return on(subscription["ends_on"]) or day(cancelled(subscription))


def account_stays(past: Past, subscription: Record) -> bool:
    """The account is served by none any more: the subscription that ended last tells it."""
    account, every = past.now.get(("crm", "customer", "A")), past.now.all("subscription", "billing")
    if account is None or account["status"] != "active" or not all(ended(s, past.today) for s in every):
        return False
    return max(every, key=lambda s: (over_since(s), s.change.native_id)).key == subscription.key


def step_skipped(past: Past, subscription: Record) -> Answer | None:
    if subscription["status"] in IN_SERVICE:
        return sold(past, subscription)
    if subscription["status"] in BEFORE_SERVICE:
        return activated(past, subscription)
    return None


def sold(past: Past, subscription: Record) -> Answer | None:
    deal, contract = subscription["opportunity_ref"], subscription["contract_ref"]
    skipped = False
    if deal:
        record = past.now.get(("crm", "opportunity", deal))
        skipped |= record is None or record["stage"] not in ("won", None)
    if contract:
        found = past.now.all("contract", "crm", "billing", number=contract)
        skipped |= not any(c["status"] != "draft" for c in found)
    return Answer(not skipped, subscription.since(lambda s: s["status"] in IN_SERVICE))


def activated(past: Past, subscription: Record) -> Answer | None:
    if any((v.attributes or {})["status"] in IN_SERVICE for v in subscription.history):
        return None

    found = past.now.all("revenue_schedule", "erp", subscription_number=subscription["number"])
    since = [s.since(recognised) for s in sorted(found, key=lambda s: s.key) if recognised(s)]
    return Answer(False, since[0]) if since else None


def recognised(schedule: Record) -> bool:
    return bool(schedule.amount("recognised"))


SUBSCRIPTION = (("billing", "subscription"),)
KINDS = {
    "amendment_unpropagated": Kind(SUBSCRIPTION, "since", amendment_unpropagated),
    "cancellation_unpropagated": Kind(SUBSCRIPTION, "since", cancellation_unpropagated),
    "step_skipped": Kind(SUBSCRIPTION, "since", step_skipped),
}
