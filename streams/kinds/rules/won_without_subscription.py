"""Kind 2: a deal with recurring lines is won, and billing has no subscription for it."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import ID, All, Itself, Kind, Refers
from streams.kinds.references import EVERY
from streams.kinds.shared import LIVE_SUBSCRIPTION, first_in_role, place, said

CHANGES_OF_A_SUBSCRIPTION = ("expansion", "renewal")


def won_without_subscription(now: AsOf, subject: Subject) -> Answer:
    deal = now.subject(*place(subject))
    won = begun(now, deal, "won") if deal else None
    if deal is None or won is None:
        return None
    if not _recurring(now, deal):
        return WAITING
    subscription = _subscription(now, deal)
    billing = first_in_role(now, "billing")
    name = deal.attrs["name"] or deal.native_id
    contract = deal.attrs["contract_ref"]
    return Finding(
        satisfied=subscription is not None,
        triggered_at=won.at,
        trigger_version=won.version,
        snapshot=won.snapshot,
        owner_system=billing,
        amount=deal.attrs["value"],
        expected=f"a subscription in {billing} for won deal {name}, {said(deal.attrs['value'])}"
        + (f", under contract {contract}" if contract else ""),
        observed=f"subscription {subscription.attrs['number'] or subscription.native_id}" if subscription else "none",
        evidence=(Evidence(deal, "stage", deal.attrs["stage"]),),
        ask=Ask(billing, "subscription", deal.native_id, {"opportunity_ref": deal.native_id, "contract_ref": contract}),
        satisfied_by=subscription,
    )


def _recurring(now: AsOf, deal: Found) -> bool:
    """Whether the deal is recurring: by its lines if they say so, else by the deal itself; unknown counts as yes."""
    lines = [
        line.attrs["recurring"]
        for line in now.by_reference("opportunity_line", "crm", "opportunity_ref", deal.native_id)
        if line.attrs["recurring"] is not None
    ]
    return any(lines) if lines else deal.attrs["recurring"] is not False


def _subscription(now: AsOf, deal: Found) -> Found | None:
    """The subscription, whatever its status: one that was cancelled since had been provisioned."""
    found = [
        *now.by_reference("subscription", "billing", "opportunity_ref", deal.native_id),
        *now.by_reference("subscription", "billing", "contract_ref", deal.attrs["contract_ref"]),
    ]
    if not found and deal.attrs["type"] in CHANGES_OF_A_SUBSCRIPTION:
        # It amends what the customer has; whether the amendment arrived is kinds 16 and 17.
        found = [s for s in now.in_role("subscription", "billing") if s.attrs["status"] in LIVE_SUBSCRIPTION]
    return found[0] if found else None


KIND = Kind(
    number="2",
    name="won_without_subscription",
    entity="opportunity",
    roles=("crm",),
    clock="deadline",
    begins_with="won",
    reach={
        ("crm", "opportunity"): Itself(),
        ("crm", "opportunity_line"): Refers(ID, "opportunity_ref"),
        ("billing", "subscription"): All(),
    },
    regarded={
        "opportunity": ("@won", "type", "contract_ref", "recurring"),
        "opportunity_line": ("recurring",),
        "subscription": ("status",),
    },
    demanded_by={"opportunity": ("@won", "recurring")},
    answered_by=frozenset({("billing", "subscription")}),
    judge=won_without_subscription,
    begins=lambda _, version: "won" in version["since"],
    command="billing.subscription.provision",
    sort="ask",
    condition="SubscriptionsProvisioned",
    finds=(
        ("subscription", "opportunity_ref"),
        ("subscription", "contract_ref"),
        ("subscription", EVERY),
    ),
    optional=frozenset({("crm", "opportunity_line")}),
)
