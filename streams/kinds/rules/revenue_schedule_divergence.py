"""Kind 34: revenue is scheduled for another price, another time or another version than the subscription has."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shared import LIVE_SUBSCRIPTION, Amount, number, place, said, text, tolerance, with_amount


class Fault(NamedTuple):
    says: str
    at_stake: Decimal
    """What is recognised wrongly by it: a difference, or all of it where only the time is wrong."""


def revenue_schedule_divergence(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    if subscription is None or subscription.attrs["status"] not in LIVE_SUBSCRIPTION:
        return None
    schedules = _cut(now, subscription)
    if not schedules:
        return None  # that is kind 7
    faults = [
        *_price(now, subscription, schedules),
        *_period(subscription, schedules),
        *_recognised(subscription, schedules),
        *_version(subscription, schedules),
    ]
    price = subscription.attrs["total_value"]
    of = price or next((s.attrs["total"] for s in schedules if s.attrs["total"]), None)
    latest = newest((subscription, *schedules))
    return Finding(
        satisfied=not faults,
        triggered_at=0,
        trigger_version="",
        snapshot=bool(latest and latest.version["snapshot"]),
        owner_system=schedules[0].system,
        amount=with_amount(of, max((f.at_stake for f in faults), default=_apart(price, schedules))) if of else None,
        expected=_expected(subscription),
        observed="; ".join(f.says for f in faults) or _agrees(price, schedules),
        evidence=(
            Evidence(subscription, "total_value", text(price)),
            *(Evidence(s, "total", text(s.attrs["total"])) for s in schedules),
        ),
        ask=_rebuild(subscription, schedules[0]),
        satisfied_by=latest,
    )


def _cut(now: AsOf, subscription: Found) -> list[Found]:
    """The schedules of the newest version for which there are any; one version may have several."""
    found = now.by_reference("revenue_schedule", "erp", "subscription_number", subscription.attrs["number"])
    done = [s for s in found if s.attrs["status"] != "draft"]
    newest_version = max((_version_of(subscription, s) for s in done), default=0)
    return [s for s in done if _version_of(subscription, s) == newest_version]


def _version_of(subscription: Found, schedule: Found) -> int:
    """Where a schedule states none, it is that of the subscription."""
    version = schedule.attrs["version_number"]
    return int((subscription.attrs["version_number"] if version is None else version) or 0)


def _price(now: AsOf, subscription: Found, schedules: list[Found]) -> Iterator[Fault]:
    price, totals = subscription.attrs["total_value"], [s.attrs["total"] for s in schedules]
    if price is None or None in totals:
        return
    currencies = {t["currency"] for t in totals}
    if currencies != {price["currency"]}:
        yield Fault(f"scheduled in {', '.join(sorted(currencies))}", abs(number(price)))
        return
    scheduled = sum((number(t) for t in totals), Decimal(0))
    if abs(scheduled - number(price)) > tolerance(now, KIND.name, number(price)):
        yield Fault(f"{said(with_amount(price, scheduled))} are scheduled", abs(scheduled - number(price)))


def _apart(price: Amount | None, schedules: list[Found]) -> Decimal:
    """How far what is scheduled may be from the price, where nothing is wrong: rounding."""
    totals = [s.attrs["total"] for s in schedules]
    if price is None or None in totals:
        return Decimal(0)
    return abs(sum((number(t) for t in totals), Decimal(0)) - number(price))


def _agrees(price: Amount | None, schedules: list[Found]) -> str:
    apart = _apart(price, schedules)
    totals = " and ".join(said(s.attrs["total"]) for s in schedules)
    return f"{totals} are scheduled, which rounding may leave" if apart else "the schedule agrees"


def _period(subscription: Found, schedules: list[Found]) -> Iterator[Fault]:
    starts, ends = subscription.attrs["starts_on"], _service_ends(subscription)
    first = min((s.attrs["starts_on"] for s in schedules if s.attrs["starts_on"]), default=None)
    last = max((s.attrs["ends_on"] for s in schedules if s.attrs["ends_on"]), default=None)
    # Only the first version begins with the service; a later one begins when it takes effect.
    amended = _version_of(subscription, schedules[0]) > 1
    if starts and first and (first < starts or (first > starts and not amended)):
        yield Fault(f"scheduled from {first}", _all(schedules))
    if ends and last and last != ends:
        yield Fault(f"scheduled until {last}", _all(schedules))


def _recognised(subscription: Found, schedules: list[Found]) -> Iterator[Fault]:
    ends = _service_ends(subscription)
    for schedule in schedules:
        until, total, done = (schedule.attrs[a] for a in ("recognised_until", "total", "recognised"))
        if until and ends and until > ends:
            yield Fault(
                f"schedule {schedule.native_id} is recognised until {until}, beyond the service", _all([schedule])
            )
        if number(done) > number(total) > 0:
            excess = number(done) - number(total)
            yield Fault(f"{said(done)} are recognised of the {said(total)} of schedule {schedule.native_id}", excess)


def _version(subscription: Found, schedules: list[Found]) -> Iterator[Fault]:
    version, cut = subscription.attrs["version_number"], _version_of(subscription, schedules[0])
    if version is not None and cut < version:
        yield Fault(f"not cut anew since version {cut}", _all(schedules))


def _all(schedules: list[Found]) -> Decimal:
    return abs(sum((number(s.attrs["total"]) for s in schedules), Decimal(0)))


def _service_ends(subscription: Found) -> str | None:
    """Its last day: as stated, or by start and term."""
    stated, starts, months = (subscription.attrs[a] for a in ("ends_on", "starts_on", "term_months"))
    if stated or not starts or not months:
        return str(stated) if stated else None
    begin = date.fromisoformat(starts)
    years, month = divmod(begin.month - 1 + months, 12)
    year, month = begin.year + years, month + 1
    following = date(year, month, min(begin.day, monthrange(year, month)[1]))
    return (following - timedelta(days=1)).isoformat()


def _expected(subscription: Found) -> str:
    name, version = subscription.attrs["number"] or subscription.native_id, subscription.attrs["version_number"]
    starts, ends = subscription.attrs["starts_on"], _service_ends(subscription)
    which = f"version {version} of subscription {name}" if version is not None else f"subscription {name}"
    period = (f" from {starts}" if starts else "") + (f" until {ends}" if ends else "")
    return f"the revenue of {which}, {said(subscription.attrs['total_value'])}, is scheduled{period}"


def _rebuild(subscription: Found, schedule: Found) -> Ask:
    version = subscription.attrs["version_number"]
    desired = {
        "version_number": None if version is None else str(version),
        "total": text(subscription.attrs["total_value"]),
        "starts_on": subscription.attrs["starts_on"],
        "ends_on": _service_ends(subscription),
    }
    return Ask(
        schedule.system, "revenue_schedule", schedule.native_id, desired, {"total": text(schedule.attrs["total"])}
    )


KIND = Kind(
    number="34",
    name="revenue_schedule_divergence",
    entity="subscription",
    roles=("billing",),
    clock="grace",
    reach={
        ("billing", "subscription"): Itself(),
        ("erp", "revenue_schedule"): Refers("number", "subscription_number"),
    },
    judge=revenue_schedule_divergence,
    command="erp.revenue_schedule.rebuild",
    sort="ask",
    condition="RevenueSchedulesAgree",
)
