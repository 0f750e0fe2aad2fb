"""Kinds 6, 16, 18 and 35: what must follow when a subscription is activated, amended or cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.claims.revenue import as_number, schedules_of, version_of
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
            contracts, stale = _old_contracts(history, subscription, instant), _old_cut(history, subscription, instant)
            if not contracts and not stale:
                return None
            ours, currency = money(subscription, "total_contract_value", instant)
            off = next((abs(ours - money(contract, "value", instant)[0]) for contract in contracts), ours)
            return Wrong("billing", (subscription, *contracts, *stale), off, currency)

        began = (
            subscription.first_time(lambda values: values["version"] != 1),
            subscription.first_time(lambda values: values["status"] in _SERVED),
        )
        if None not in began:
            since = max(at for at in began if at is not None)
            yield Claim(further.AMENDMENT_UNPROPAGATED, subscription, wrong, since)


def _old_contracts(history: History, subscription: Record, instant: Instant) -> list[Record]:
    """No contract of the demo states a version: it is behind where its value is another."""
    ours, currency = money(subscription, "total_contract_value", instant)
    named = {"number": subscription.value("contract_number", instant), "currency": currency, "status": "Active"}
    contracts = there(history.records("erp", "contract"), instant, **named)
    return [c for c in contracts if abs(ours - money(c, "value", instant)[0]) > max(Decimal(1), ours / 1000)]


def _old_cut(history: History, subscription: Record, instant: Instant) -> list[Record]:
    """The newest schedule that is not closed, if it is that of an earlier version."""
    running = [s for s in schedules_of(history, subscription, instant) if s.value("status", instant) != "Closed"]
    last = max(running, key=lambda s: version_of(s, instant), default=None)
    present = as_number(subscription.value("version", instant))
    return [last] if last is not None and version_of(last, instant) < present else []


def cancellation_unpropagated(history: History) -> Iterator[Claim]:
    """No customer of the demo has a second subscription: with its only one it leaves."""
    for subscription in history.records("billing", "subscription"):

        def wrong(instant: Instant, subscription: Record = subscription) -> Wrong | None:
            if subscription.value("status", instant) != "Cancelled":
                return None
            number = subscription.value("number", instant)
            schedules = there(schedules_of(history, subscription, instant), instant, status="Active")
            grants = there(
                history.records("product", "entitlement"), instant, subscription_number=number, status="Active"
            )
            engaged = there(history.records("crm", "customer"), instant, Status__c="Active")
            if not (schedules or grants or engaged):
                return None
            at_stake = (schedules[0], "total_amount") if schedules else (subscription, "monthly_amount")
            return Wrong("billing", (subscription, *schedules, *grants, *engaged), *money(*at_stake, instant))

        cancelled_at = subscription.first_time(lambda values: values["status"] == "Cancelled")
        if cancelled_at is not None:
            yield Claim(further.CANCELLATION_UNPROPAGATED, subscription, wrong, cancelled_at)


def entitlement_divergence(history: History) -> Iterator[Claim]:
    """Seats are counted; of what is used, it is enough that it is granted: where it is not, a first unit is missing."""
    for subscription in history.records("billing", "subscription"):

        def wrong(instant: Instant, subscription: Record = subscription) -> Wrong | None:
            if subscription.value("status", instant) != "Active":
                return None
            number, stakes, evidence, currency = subscription.value("number", instant), [], [subscription], None
            for product in ("SEAT", "CALL"):
                charges = there(history.records("billing", "charge"), instant, product_code=product, status="Active")
                of = {"subscription_number": number, "product_code": product}
                grants = there(history.records("product", "entitlement"), instant, status="Active", **of)
                charged, granted = (sum(as_number(r.value("quantity", instant)) for r in s) for s in (charges, grants))
                apart = abs(granted - charged) if product == "SEAT" else len(charges) - len(grants)
                if apart:
                    price, currency = money(charges[0], "unit_price", instant)
                    stakes.append(apart * price)
                    evidence += [*charges, *grants]
            return Wrong("billing", tuple(evidence), sum(stakes, Decimal(0)), currency) if stakes else None

        yield Claim(further.ENTITLEMENT_DIVERGENCE, subscription, wrong)
