"""Kind 5: the customer is active, or its deal won and its service begun, and billing still waits for activation."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import Since, since
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import ID, All, Itself, Kind, Refers
from streams.kinds.shared import day_begins, place


def activation_stalled(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    if subscription is None:
        return None
    pending = since(subscription.version["since"], "pending")
    demanded = _service_demanded(now, subscription)
    if pending is None:
        # Activated (or suspended, cancelled): answers the obligation that was running, begins none.
        return _activation(subscription, _ANSWERED, satisfied=True)
    if demanded is None:
        return WAITING
    starts_at = day_begins(subscription.attrs["starts_on"])
    latest = max(demanded, pending, key=lambda s: s.at)
    if starts_at > latest.at:
        latest = Since(starts_at, pending.version, pending.snapshot)
    return _activation(subscription, latest, satisfied=False)


_ANSWERED = Since(0, "", False)


def _service_demanded(now: AsOf, subscription: Found) -> Since | None:
    """Since when the customer should be served: the account is active, or its deal was won, whichever came first."""
    accounts = [since(a.version["since"], "active") for a in now.in_role("customer", "crm")]
    deals = [
        since(deal.version["since"], "won")
        for system in now.governance.in_role("crm")
        if (deal := now.record("opportunity", system, subscription.attrs["opportunity_ref"] or ""))
    ]
    return min((s for s in (*accounts, *deals) if s is not None), default=None)


def _activation(subscription: Found, trigger: Since, *, satisfied: bool) -> Finding:
    status = subscription.attrs["status"]
    return Finding(
        satisfied=satisfied,
        triggered_at=trigger.at,
        trigger_version=trigger.version,
        snapshot=trigger.snapshot,
        owner_system=subscription.system,
        amount=subscription.attrs["total_value"],
        expected=f"subscription {subscription.attrs['number']} is active: the customer is, and service has started",
        observed=f"still {status}" if not satisfied else status,
        evidence=(Evidence(subscription, "status", status),),
        ask=Ask(subscription.system, "subscription", subscription.native_id, {"status": "active"}, {"status": status}),
        satisfied_by=subscription if satisfied else None,
    )


KIND = Kind(
    number="5",
    name="activation_stalled",
    entity="subscription",
    roles=("billing",),
    clock="deadline",
    reach={
        ("billing", "subscription"): Itself(),
        ("crm", "customer"): All(),
        ("crm", "opportunity"): Refers("opportunity_ref", ID),
    },
    judge=activation_stalled,
    command="billing.subscription.activate",
    sort="ask",
    condition="SubscriptionsActive",
)
