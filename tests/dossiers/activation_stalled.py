from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Toggles, change


def subscription(at: float, status: str = "pending_activation", starts_on: str | None = "1970-01-01") -> Change:
    return change(
        at, "billing", "subscription", "S",
        number="SUB-1", status=status, starts_on=starts_on, opportunity_ref="O", total_value="1200.00 EUR",
    )  # fmt: skip


def deal(at: float, stage: str = "won") -> Change:
    return change(at, "crm", "opportunity", "O", name="Acme: seats", stage=stage, value="1200.00 EUR")


def account(at: float, status: str | None) -> Change:
    return change(at, "crm", "customer", "A", name="Acme GmbH", status=status, billing_ref="B", erp_ref="E")


COMMON: dict[str, Any] = {
    "kind": "activation_stalled",
    "amount": "1200 EUR",
    "owner_system": "billing",
    "owner_team": "billing-operations",
    "resolved_by": (subscription(60, "active"),),
}

DOSSIERS = (
    Dossier(
        **COMMON,
        story=(subscription(3, "draft"), subscription(5)),
        opens_at=13,
        near_misses={
            "activated exactly at the deadline": (subscription(3), subscription(13, "active")),
            "service begins tomorrow": (subscription(3, starts_on="1970-01-02"),),
            "cancelled in time": (subscription(3), subscription(12.9, "cancelled")),
            "active from the start": (subscription(3, "active"),),
            "paused after it was activated": (
                subscription(3),
                subscription(9, "active"),
                subscription(20, "suspended"),
            ),
        },
        late=(subscription(12.5, "active"),),
        says=("SUB-1", "activation"),
    ),
    Dossier(
        **COMMON,
        story=(account(2, "prospect"), subscription(3), deal(4, "open"), deal(15)),
        opens_at=25,
        near_misses={
            "neither customer nor deal asks for service": (account(2, "prospect"), subscription(3), deal(4, "open")),
            "the deal was lost": (account(2, "prospect"), subscription(3), deal(4, "lost")),
            "the customer left before the deadline": (
                account(2, "prospect"),
                subscription(3),
                deal(5),
                account(14, "churned"),
            ),
            "activated within the deadline of the deal": (
                account(2, "prospect"),
                subscription(3),
                deal(15),
                subscription(25, "active"),
            ),
            "the deal was reopened in time": (account(2, "prospect"), subscription(3), deal(5), deal(14.999, "open")),
        },
        late=(subscription(24, "active"),),
        says=("SUB-1", "activation"),
    ),
    Dossier(
        **COMMON,
        story=(subscription(3, "pending_acceptance"),),
        opens_at=13,
        near_misses={
            "accepted exactly at the deadline": (subscription(3, "pending_acceptance"), subscription(13, "active")),
            "accepted before the customer was active": (
                account(2, None),
                subscription(3, "pending_acceptance"),
                subscription(5, "active"),
                account(7, "active"),
            ),
            "the customer never became active": (account(2, "prospect"), subscription(3, "pending_acceptance")),
        },
        late=(subscription(12.5, "active"),),
        says=("SUB-1", "acceptance"),
    ),
)

TOGGLES = Toggles(
    demand=lambda at: (deal(at),),
    withdraw=lambda at: (deal(at, "open"),),
    do=lambda at: (subscription(at, "active"),),
    undo=lambda at: (subscription(at),),
    before=(account(2, "prospect"), subscription(2)),
)
