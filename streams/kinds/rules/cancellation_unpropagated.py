"""Kind 18: a subscription is cancelled, and revenue, product or CRM go on as if it were not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant
from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.facts import Since
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import Lag, newest
from streams.kinds.model import All, Kind, Refers, Siblings
from streams.kinds.references import EVERY, FEW
from streams.kinds.shared import Amount, days_of, number, place, said, with_amount


class _Ended(NamedTuple):
    """A subscription that is cancelled: since when it serves no longer, and its last day."""

    found: Found
    trigger: Since
    at: Instant
    day: str


def cancellation_unpropagated(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    ended = _ended(now, subscription) if subscription else None
    if subscription is None or ended is None:
        return None
    name = subscription.attrs["number"]
    stated = f"subscription {name or subject.native_id} is cancelled and ends with {ended.day}"
    schedules = now.by_reference("revenue_schedule", "erp", "subscription_number", name)
    entitlements = now.by_reference("entitlement", "entitlement", "subscription_number", name)
    accounts = now.in_role("customer", "crm") if _is_last(now, ended) else []
    lags = [
        *(lag for schedule in schedules if (lag := _recognising(ended, schedule))),
        *(lag for entitlement in entitlements if (lag := _entitled(ended, entitlement))),
        *(lag for account in accounts if (lag := _engaged(account))),
    ]
    at_stake = next((lag.amount for lag in lags if lag.amount), None)
    return Finding(
        satisfied=not lags,
        triggered_at=ended.at,
        trigger_version=ended.trigger.version,
        snapshot=ended.trigger.snapshot,
        owner_system=subject.system,
        amount=at_stake or subscription.attrs["monthly_value"] or subscription.attrs["total_value"],
        expected=f"{stated}: so does what rests on it",
        observed="; ".join(lag.says for lag in lags) or "nothing goes on",
        evidence=(Evidence(subscription, "status", subscription.attrs["status"]), *(lag.evidence for lag in lags)),
        ask=lags[0].ask if lags else None,
        satisfied_by=None if lags else newest((*schedules, *entitlements, *accounts)),
    )


def _ended(now: AsOf, subscription: Found) -> _Ended | None:
    cancelled = begun(now, subscription, "cancelled")
    if cancelled is None:
        return None
    calendar, stated = days_of(now, subscription), subscription.attrs["ends_on"]
    day = stated or calendar.day_of(cancelled.at).isoformat()
    at = max(cancelled.at, calendar.ends(date.fromisoformat(stated))) if stated else cancelled.at
    return _Ended(subscription, cancelled, at, day)


def _is_last(now: AsOf, ended: _Ended) -> bool:
    """Whether the customer is left without any subscription by this one: the account answers for the last that ends.
    Of a customer with more than can be looked at, nobody knows."""
    others = now.in_role("subscription", "billing")
    all_ended = [_ended(now, other) for other in others]
    if len(others) >= FEW or None in all_ended:
        return False
    last = max((e for e in all_ended if e), key=lambda e: (e.at, e.found.system, e.found.native_id), default=ended)
    return (last.found.system, last.found.native_id) == (ended.found.system, ended.found.native_id)


def _recognising(ended: _Ended, schedule: Found) -> Lag | None:
    runs_until = schedule.attrs["ends_on"]
    if schedule.attrs["status"] in ("draft", "closed") or (runs_until and runs_until <= ended.day):
        return None
    left = _unrecognised(schedule)
    until = f"until {runs_until}" if runs_until else "without end"
    says = f"{schedule.system} revenue schedule {schedule.native_id} runs {until}"
    asked = {"ends_on": ended.day, "status": "closed"}
    ask = Ask(schedule.system, "revenue_schedule", schedule.native_id, asked, {"ends_on": runs_until})
    return Lag(
        Evidence(schedule, "ends_on", runs_until),
        f"{says} with {said(left)} to recognise" if left else says,
        ask._replace(command="erp.revenue_schedule.terminate"),
        left,
    )


def _unrecognised(schedule: Found) -> Amount | None:
    total, done = schedule.attrs["total"], schedule.attrs["recognised"]
    if total is None or (done is not None and done["currency"] != total["currency"]):
        return None
    return with_amount(total, max(number(total) - number(done), Decimal(0)))


def _entitled(ended: _Ended, entitlement: Found) -> Lag | None:
    runs_until = entitlement.attrs["ends_on"]
    if entitlement.attrs["status"] != "active" or (runs_until and runs_until <= ended.day):
        return None
    product = entitlement.attrs["product_code"] or entitlement.native_id
    ask = Ask(entitlement.system, "entitlement", entitlement.native_id, {"status": "revoked"}, {"status": "active"})
    return Lag(
        Evidence(entitlement, "status", "active"),
        f"{entitlement.system} still grants {product}",
        ask._replace(command="entitlement.revoke"),
    )


def _engaged(account: Found) -> Lag | None:
    if account.attrs["status"] != "active":
        return None
    ask = Ask(account.system, "customer", account.native_id, {"status": "churned"}, {"status": "active"})
    return Lag(
        Evidence(account, "status", "active"),
        f"account {account.native_id} in {account.system} is still active, though no subscription is left",
        ask._replace(command="crm.account.set_lifecycle"),
    )


KIND = Kind(
    number="18",
    name="cancellation_unpropagated",
    entity="subscription",
    roles=("billing",),
    clock="deadline",
    put_off=True,
    begins_with="cancelled",
    reach={
        ("billing", "subscription"): Siblings(),
        ("erp", "revenue_schedule"): Refers("number", "subscription_number"),
        ("entitlement", "entitlement"): Refers("number", "subscription_number"),
        ("crm", "customer"): All(),
    },
    judge=cancellation_unpropagated,
    begins=lambda _, version: "cancelled" in version["since"],
    command="erp.revenue_schedule.terminate",
    sort="ask",
    condition="CancellationsCarried",
    finds=(("subscription", EVERY),),
    optional=frozenset({("erp", "revenue_schedule"), ("entitlement", "entitlement")}),
)
