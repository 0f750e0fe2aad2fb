"""Kind 5: the customer is active, or its deal won and its service begun, and billing still waits for activation."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import PENDING_ACTIVATION, Since, since
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import ID, All, Itself, Kind, Refers
from streams.kinds.shared import day_begins, days_of, deal_of, place

STILL = {
    "draft": "still a draft, never submitted for activation",
    "pending_activation": "still waits for activation",
    "pending_acceptance": "still waits for the customer's acceptance",
}


def activation_stalled(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    if subscription is None:
        return None
    known, demanded = since(subscription.version["since"], "known"), _service_demanded(now, subscription)
    if known is None or demanded is None:
        return WAITING
    starts_at = day_begins(subscription.attrs["starts_on"], days_of(now, subscription, now.home))
    latest = max(demanded, known, key=lambda s: s.at)
    if starts_at > latest.at:
        latest = known._replace(at=starts_at)
    return _activation(subscription, latest)


def _service_demanded(now: AsOf, subscription: Found) -> Since | None:
    """Since when the customer is to be served: the account is active, or its deal was won, whichever came first. One
    that left is not to be served."""
    accounts = now.in_role("customer", "crm")
    if accounts and all(a.attrs["status"] == "churned" for a in accounts):
        return None
    deal = deal_of(now, subscription.attrs["opportunity_ref"])
    asked = [since(a.version["since"], "active") for a in accounts]
    asked += [since(deal.version["since"], "won")] if deal else []
    return min((s for s in asked if s is not None), default=None)


def _activation(subscription: Found, trigger: Since) -> Finding:
    status, name = subscription.attrs["status"], subscription.attrs["number"] or subscription.native_id
    answered = status not in PENDING_ACTIVATION
    return Finding(
        satisfied=answered,
        triggered_at=trigger.at,
        trigger_version=trigger.version,
        snapshot=trigger.snapshot,
        owner_system=subscription.system,
        amount=subscription.attrs["total_value"],
        expected=f"subscription {name} is active: the customer is to be served, and service has started",
        observed=STILL.get(status or "", f"it is {status}"),
        evidence=(Evidence(subscription, "status", status),),
        ask=None if status == "pending_acceptance" else _activate(subscription),
        satisfied_by=subscription if answered else None,
    )


def _activate(subscription: Found) -> Ask:
    """The command. Not while the customer has yet to accept: no system may do that in its place."""
    status = subscription.attrs["status"]
    return Ask(subscription.system, "subscription", subscription.native_id, {"status": "active"}, {"status": status})


KIND = Kind(
    number="5",
    name="activation_stalled",
    entity="subscription",
    roles=("billing",),
    clock="deadline",
    put_off=True,
    reach={
        ("billing", "subscription"): Itself(),
        ("crm", "customer"): All(),
        ("crm", "opportunity"): Refers("opportunity_ref", ID),
    },
    regarded={
        "subscription": ("@known", "status", "starts_on", "legal_entity"),
        "customer": ("@active", "status=churned"),
        "opportunity": ("@won",),
    },
    demanded_by={"subscription": ("@known", "starts_on", "legal_entity")},
    judge=activation_stalled,
    command="billing.subscription.activate",
    sort="ask",
    condition="SubscriptionsActive",
)
