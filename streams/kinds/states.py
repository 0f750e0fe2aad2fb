"""Where a customer stands, as each of the three systems tells it: the words of `process.yaml`."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from schemas.instants import NEVER, Instant
from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import since
from streams.kinds.shared import day_begins, days_of
from streams.kinds.trail import trail_of


class Stand(NamedTuple):
    """One system's state, the records that decide it, and since when it can be waited for."""

    state: str
    deciding: tuple[Found, ...] = ()
    since: Instant = NEVER


class Books(NamedTuple):
    has: frozenset[str]
    unknown: frozenset[str]
    """Parts that no system of the deployment tells of."""
    deciding: tuple[Found, ...]


PARTS = ("customer", "profile", "revenue", "open_balance")
"""Parts of the books."""
BILLING_STATES = (
    # (state, statuses of subscriptions): the first that one of them has
    ("active", ("active",)),
    ("suspended", ("suspended",)),
    ("pending", ("pending_activation", "pending_acceptance")),
    ("draft", ("draft",)),
    ("cancelled", ("cancelled",)),
)


def crm_stand(now: AsOf, account: Found) -> Stand:
    """The CRM's state: the account's status; but won for a prospect with a won deal, renewing with an open renewal."""
    status = account.attrs["status"]
    if status == "churned":
        return Stand("churned", (account,))
    deals = now.in_role("opportunity", "crm")
    if status in ("active", "suspended"):
        renewals = [d for d in deals if d.attrs["type"] == "renewal" and d.attrs["stage"] == "open"]
        return Stand("renewing", (account, *renewals[:1])) if renewals else Stand("active", (account,))
    won = [(began.at, deal) for deal in deals if (began := since(deal.version["since"], "won"))]
    if not won:
        return Stand("open", (account,))
    at, deal = max(won, key=lambda w: (w[0], w[1].native_id))
    return Stand("won", (account, deal), at)


def billing_stand(now: AsOf, account: Found, subscriptions: list[Found]) -> Stand:
    """Billing's state: of the most advanced subscription; past due if billing shows the customer as delinquent."""
    for state, statuses in BILLING_STATES:
        deciding = tuple(s for s in subscriptions if s.attrs["status"] in statuses)
        if deciding:
            owing = state == "active" and any(a.attrs["delinquent"] for a in now.in_role("customer", "billing"))
            return Stand("past_due" if owing else state, deciding, max(_begins(now, account, s) for s in deciding))
    return Stand("none")


def _begins(now: AsOf, account: Found, subscription: Found) -> Instant:
    """Since when the state is to move on: since it was entered, and not before service starts."""
    starts_at = day_begins(subscription.attrs["starts_on"], days_of(now, subscription, account))
    pending = since(subscription.version["since"], "pending")
    entered = [step.at for step in trail_of(subscription.version["since"], "status")[:1]]
    return max(pending.at if pending else NEVER, starts_at, *entered)


def books(now: AsOf, subscriptions: list[Found], asked: Collection[str] = PARTS) -> Books:
    """What the ERP has of the customer, of the parts that are asked for."""
    customers = [c for c in now.in_role("customer", "erp") if c.attrs["status"] != "churned"]
    profiles = now.in_role("financial_profile", "erp") if "profile" in asked else []
    profiles = [p for p in profiles if p.attrs["status"] in (None, "active")]
    schedules = [
        schedule
        for subscription in (subscriptions if "revenue" in asked else ())
        for schedule in now.by_reference("revenue_schedule", "erp", "subscription_number", subscription.attrs["number"])
        if schedule.attrs["status"] in (None, "active")
    ]
    owing = [c.attrs["delinquent"] for c in customers]
    holds = {"customer": customers, "profile": profiles, "revenue": schedules, "open_balance": any(owing)}
    untold = {
        "profile": not _carried(now, "financial_profile"),
        "revenue": not _carried(now, "revenue_schedule"),
        "open_balance": all(o is None for o in owing),
    }
    return Books(
        frozenset(part for part, held in holds.items() if held),
        frozenset(part for part, unknown in untold.items() if unknown),
        (*customers[:1], *profiles[:1], *schedules[:1]),
    )


def _carried(now: AsOf, entity: str) -> bool:
    return any(now.governance.carries(system, entity) for system in now.governance.in_role("erp"))
