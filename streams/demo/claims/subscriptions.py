"""Kinds 6, 16 and 18: what must follow when a subscription is activated, amended or cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record

_SERVED = ("Active", "Suspended")
_SET_UP = ("receivable_account", "payment_terms", "currency")


def profile_missing(history: History) -> Iterator[Claim]:
    for subscription in history.records("billing", "subscription"):

        def wrong(instant: Instant, subscription: Record = subscription) -> Wrong | None:
            if subscription.value("status", instant) not in _SERVED:
                return None
            profiles = _profiles(history, instant)
            if any(_complete(profile, instant) for profile in profiles):
                return None
            evidence = (subscription, *profiles[:1])
            return Wrong("erp", evidence, *money(subscription, "total_contract_value", instant))

        served_at = subscription.first_time(lambda values: values["status"] in _SERVED)
        if served_at is not None:
            yield Claim(further.PROFILE_MISSING, subscription, wrong, served_at)


def _profiles(history: History, instant: Instant) -> list[Record]:
    """In the company that sells to the customer."""
    customers = there(history.records("erp", "customer"), instant)
    company = customers[0].value("company_code", instant) if customers else None
    profiles = history.records("erp", "financial_profile")
    return there(profiles, instant, company_code=company) if company else there(profiles, instant)


def _complete(profile: Record, instant: Instant) -> bool:
    return profile.value("status", instant) == "Active" and all(profile.value(c, instant) for c in _SET_UP)


def amendment_unpropagated(history: History) -> Iterator[Claim]:
    for subscription in history.records("billing", "subscription"):

        def wrong(instant: Instant, subscription: Record = subscription) -> Wrong | None:
            if subscription.value("status", instant) not in _SERVED:
                return None
            number = subscription.value("contract_number", instant)
            ours, currency = money(subscription, "total_contract_value", instant)
            for contract in there(history.records("erp", "contract"), instant, number=number, currency=currency):
                off = abs(ours - money(contract, "value", instant)[0])
                if contract.value("status", instant) != "Ended" and off > max(Decimal(1), ours / 1000):
                    return Wrong("billing", (subscription, contract), off, currency)
            return None

        began = (
            subscription.first_time(lambda values: values["version"] != 1),
            subscription.first_time(lambda values: values["status"] in _SERVED),
        )
        if None not in began:
            since = max(at for at in began if at is not None)
            yield Claim(further.AMENDMENT_UNPROPAGATED, subscription, wrong, since)


def cancellation_unpropagated(history: History) -> Iterator[Claim]:
    """No customer of the demo has a second subscription: with its only one it leaves."""
    for subscription in history.records("billing", "subscription"):

        def wrong(instant: Instant, subscription: Record = subscription) -> Wrong | None:
            engaged = there(history.records("crm", "customer"), instant, Status__c="Active")
            if subscription.value("status", instant) != "Cancelled" or not engaged:
                return None
            return Wrong("billing", (subscription, *engaged), *money(subscription, "monthly_amount", instant))

        cancelled_at = subscription.first_time(lambda values: values["status"] == "Cancelled")
        if cancelled_at is not None:
            yield Claim(further.CANCELLATION_UNPROPAGATED, subscription, wrong, cancelled_at)
