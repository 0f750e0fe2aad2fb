from __future__ import annotations

from typing import Any

from tests.dossiers.model import CUSTOMERS, Change, Dossier, change
from tests.dossiers.ownership_violation import AS_FOUNDED, REFS

DAY_ONE = "1970-01-01"


def customer(at: float, system: str, **changed: Any) -> Change:
    refs = REFS.get(system, {"crm_ref": "A"})
    return change(at, system, "customer", CUSTOMERS[system], **(AS_FOUNDED | refs | changed))


def subscription(at: float, status: str = "active", native_id: str = "S", starts_on: str = DAY_ONE) -> Change:
    number = f"S-{native_id}"
    return change(
        at,
        "billing",
        "subscription",
        native_id,
        number=number,
        status=status,
        starts_on=starts_on,
        total_value="1200.00 EUR",
    )


def profile(at: float, status: str = "active") -> Change:
    return change(at, "erp", "financial_profile", "F", legal_entity="1000", currency="EUR", status=status)


def schedule(at: float, status: str = "active") -> Change:
    return change(at, "erp", "revenue_schedule", "R", subscription_number="S-S", status=status, total="1200.00 EUR")


def deal(at: float, stage: str = "won", type_: str = "new") -> Change:
    return change(at, "crm", "opportunity", "O", name="Deal", stage=stage, type=type_, value="1200.00 EUR")


SERVED = (subscription(2), profile(2), schedule(2))
PROSPECT = customer(2, "crm", status="prospect", erp_ref=None, billing_ref=None)

DOSSIERS = (
    Dossier(
        # Billing was told of the cancellation; the account team and the books were not.
        kind="process_state_disagreement",
        story=(*SERVED, subscription(5, "cancelled")),
        opens_at=15,
        near_misses={
            "the books and the account team follow in time": (
                *SERVED,
                subscription(5, "cancelled"),
                schedule(14, "closed"),
                customer(15, "crm", status="churned"),
            ),
            "another subscription serves the customer": (
                *SERVED,
                subscription(3, native_id="S2"),
                subscription(5, "cancelled"),
            ),
            "being renewed": (*SERVED, deal(4, "open", "renewal")),
            "suspended with an open balance": (
                *SERVED,
                customer(4, "erp", delinquent=True),
                subscription(5, "suspended"),
            ),
            "gone everywhere": (
                *SERVED,
                subscription(5, "cancelled"),
                schedule(5, "closed"),
                customer(5, "crm", status="churned"),
            ),
        },
        late=(subscription(5, native_id="S2"),),
        amount="1200 EUR",
        owner_system="billing",
        owner_team="revenue-operations",
        says=("CRM says active", "billing says cancelled", "running revenue schedule"),
        resolved_by=(schedule(30, "closed"), customer(31, "crm", status="churned")),
    ),
    Dossier(
        # Served and billed, and finance never set the customer up.
        kind="process_state_disagreement",
        story=(subscription(2), schedule(2)),
        opens_at=11,
        near_misses={
            "set up exactly when the grace ends": (subscription(2), schedule(2), profile(11)),
            "past due, and the books say so": (
                *SERVED,
                customer(3, "erp", delinquent=True),
                customer(5, "billing", delinquent=True),
            ),
        },
        late=(profile(9),),
        amount="1200 EUR",
        owner_system="erp",
        owner_team="revenue-operations",
        says=("no financial profile", "a", "billing says active"),
        resolved_by=(profile(40),),
    ),
    Dossier(
        # Nobody sold it: the CRM knows a prospect, billing serves it.
        kind="process_state_disagreement",
        story=(PROSPECT, subscription(2), profile(2), schedule(2)),
        opens_at=11,
        near_misses={
            "won, and there is time to set it up": (PROSPECT, deal(3), subscription(4, "pending_activation")),
            "won and drafted, and the ERP has its customer": (PROSPECT, deal(3), subscription(4, "draft")),
            "won, and service begins later": (
                PROSPECT,
                deal(3),
                subscription(4, "pending_activation", starts_on="1970-03-01"),
            ),
        },
        late=(customer(8, "crm", status="active"),),
        amount="1200 EUR",
        owner_system="billing",
        owner_team="revenue-operations",
        says=("CRM says open", "billing says active"),
        resolved_by=(customer(40, "crm", status="active"),),
    ),
)
