"""Kind 37: whether CRM, billing and ERP agree on where the customer stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant, from_datetime, seconds
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there, times
from streams.demo.journal import History, Record

PASSING = seconds(8.0)
"""For how long the states on the way may last, as the demo's process.yaml has it."""
_BILLING = (
    ("active", ("Active",)),
    ("pending", ("PendingActivation", "PendingAcceptance")),
    ("draft", ("Draft",)),
    ("cancelled", ("Cancelled",)),
)


class _Row(NamedTuple):
    has_customer: bool | None
    """None: either way."""
    has_profile: bool = False
    has_revenue: bool | None = None
    """A running schedule of it; None: either way."""
    passing: bool = False


_ALLOWED = {
    # (CRM, billing): what the ERP must have then
    ("open", "none"): _Row(has_customer=False),
    ("won", "none"): _Row(has_customer=False, passing=True),
    ("won", "draft"): _Row(has_customer=None, passing=True),
    ("won", "pending"): _Row(has_customer=None, passing=True),
    ("active", "draft"): _Row(has_customer=None, passing=True),
    ("active", "pending"): _Row(has_customer=None, passing=True),
    ("active", "active"): _Row(has_customer=True, has_profile=True, has_revenue=True),
    ("churned", "cancelled"): _Row(has_customer=None, has_revenue=False),
    ("churned", "none"): _Row(has_customer=None, has_revenue=False),
}


class _Stand(NamedTuple):
    state: str
    records: tuple[Record, ...]
    since: Instant = 0


def states_disagree(history: History) -> Iterator[Claim]:
    moments = tuple(at + PASSING for at in times(history))
    for account in history.records("crm", "customer"):

        def wrong(instant: Instant, account: Record = account) -> Wrong | None:
            if not there([account], instant):
                return None
            crm, billing = _crm(history, account, instant), _billing(history, instant)
            customers = there(history.records("erp", "customer"), instant)
            profiles = there(history.records("erp", "financial_profile"), instant, status="Active")
            schedules = there(history.records("erp", "revenue_schedule"), instant, status="Active")
            row = _ALLOWED.get((crm.state, billing.state))
            since = max(crm.since, billing.since)
            books = bool(customers), bool(profiles), bool(schedules)
            if row and _fits(row, *books, passed=instant >= since + PASSING):
                return None
            evidence = (*crm.records, *billing.records, *customers[:1], *profiles[:1], *schedules[:1])
            return Wrong("erp" if row else "billing", evidence, *_at_stake(crm, billing, instant))

        yield Claim(further.STATES_DISAGREE, account, wrong, moments=moments)


def _fits(row: _Row, has_customer: bool, has_profile: bool, has_revenue: bool, *, passed: bool) -> bool:
    agreed = row.has_customer in (None, has_customer) and row.has_revenue in (None, has_revenue)
    return agreed and (has_profile or not row.has_profile) and not (row.passing and passed)


def _crm(history: History, account: Record, instant: Instant) -> _Stand:
    status = account.value("Status__c", instant)
    if status in ("Active", "Churned"):
        return _Stand(str(status).lower(), (account,))
    won = there(history.records("crm", "opportunity"), instant, StageName="Closed Won")
    if not won:
        return _Stand("open", (account,))
    won_at = won[0].first_time(lambda values: values.get("StageName") == "Closed Won")
    return _Stand("won", (account, won[0]), won_at or 0)


def _billing(history: History, instant: Instant) -> _Stand:
    subscriptions = there(history.records("billing", "subscription"), instant)
    for state, statuses in _BILLING:
        deciding = tuple(s for s in subscriptions if s.value("status", instant) in statuses)
        if deciding:
            return _Stand(state, deciding, max(_entered(s, instant) for s in deciding))
    return _Stand("none", ())


def _entered(subscription: Record, instant: Instant) -> Instant:
    """When its present status began, and not before the day on which service starts."""
    status, known = subscription.value("status", instant), [v for v in subscription.versions if v.at <= instant]
    entered = known[-1].at
    for version in reversed(known):
        if version.values["status"] != status:
            break
        entered = version.at
    day = subscription.value("starts_on", instant)
    assert isinstance(day, date)
    return max(entered, from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC)))


def _at_stake(crm: _Stand, billing: _Stand, instant: Instant) -> tuple[Decimal | None, str | None]:
    """What is subscribed to, else the deal."""
    if billing.records:
        return money(billing.records[0], "total_contract_value", instant)
    return money(crm.records[1], "Amount", instant) if len(crm.records) > 1 else (None, None)
