"""Kinds 7 and 34: the revenue of a subscription is scheduled, and as it was sold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record
from streams.demo.profile import last_day
from streams.demo.steps import Native

_SERVED = ("Active", "Suspended")
_ROUNDING = Decimal("0.05")


def schedules_of(history: History, subscription: Record, instant: Instant) -> list[Record]:
    number = subscription.value("number", instant)
    return there(history.records("erp", "revenue_schedule"), instant, subscription_number=number)


def version_of(schedule: Record, instant: Instant) -> int:
    return as_number(schedule.value("subscription_version", instant))


def as_number(value: Native) -> int:
    assert isinstance(value, int)
    return value


def schedule_missing(history: History) -> Iterator[Claim]:
    """Each version of a subscription demands a schedule of its own, as long as it is the present one."""
    for subscription in history.records("billing", "subscription"):
        served_at = subscription.first_time(lambda values: values["status"] in _SERVED)
        for version in sorted({as_number(v.values["version"]) for v in subscription.versions}):

            def wrong(instant: Instant, subscription: Record = subscription, version: int = version) -> Wrong | None:
                present = (subscription.value("status", instant), subscription.value("version", instant))
                cut = [s for s in _done(history, subscription, instant) if version_of(s, instant) == version]
                if present[0] not in _SERVED or present[1] != version or cut:
                    return None
                return Wrong("erp", (subscription,), *money(subscription, "total_contract_value", instant))

            began = min(v.at for v in subscription.versions if v.values["version"] == version)
            if served_at is not None:
                yield Claim(further.SCHEDULE_MISSING, subscription, wrong, max(served_at, began))


def _done(history: History, subscription: Record, instant: Instant) -> list[Record]:
    """All but drafts."""
    return [s for s in schedules_of(history, subscription, instant) if s.value("status", instant) != "Draft"]


def schedule_divergence(history: History) -> Iterator[Claim]:
    """No version of the demo has more than one schedule, and none begins before the service does."""
    for subscription in history.records("billing", "subscription"):

        def wrong(instant: Instant, subscription: Record = subscription) -> Wrong | None:
            done = _done(history, subscription, instant)
            if subscription.value("status", instant) not in _SERVED or not done:
                return None
            newest = max(done, key=lambda s: version_of(s, instant))
            at_stake = _wrongly_scheduled(subscription, newest, instant)
            if not at_stake:
                return None
            return Wrong("erp", (subscription, newest), at_stake, money(newest, "total_amount", instant)[1])

        yield Claim(further.SCHEDULE_DIVERGENCE, subscription, wrong)


def _wrongly_scheduled(subscription: Record, schedule: Record, instant: Instant) -> Decimal:
    """A difference in price, or all of it where time or version are others."""
    scheduled = money(schedule, "total_amount", instant)[0]
    off = abs(scheduled - money(subscription, "total_contract_value", instant)[0])
    starts_on, months = (subscription.value(column, instant) for column in ("starts_on", "term_months"))
    assert isinstance(starts_on, date)
    other_end = schedule.value("ends_on", instant) != last_day(starts_on, as_number(months))
    older = version_of(schedule, instant) < as_number(subscription.value("version", instant))
    return max(off if off > _ROUNDING else Decimal(0), scheduled if other_end or older else Decimal(0))
