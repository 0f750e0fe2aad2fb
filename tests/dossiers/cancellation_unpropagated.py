from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Story, Toggles, change

DAY_BEFORE, TODAY, TOMORROW = "1969-12-31", "1970-01-01", "1970-01-02"


def subscription(at: float, status: str, ends_on: str | None = DAY_BEFORE, native_id: str = "S") -> Change:
    stated: dict[str, Any] = {"number": f"{native_id}-1", "status": status, "ends_on": ends_on}
    return change(at, "billing", "subscription", native_id, **stated, monthly_value="100.00 EUR")


def account(at: float, status: str) -> Change:
    refs = {"billing_ref": "B", "erp_ref": "E"}
    return change(at, "crm", "customer", "A", name="Acme GmbH", status=status, currency="EUR", **refs)


def schedule(at: float, ends_on: str | None, status: str = "active") -> Change:
    stated: dict[str, Any] = {"subscription_number": "S-1", "status": status, "ends_on": ends_on}
    return change(at, "erp", "revenue_schedule", "R", **stated, total="1200.00 EUR", recognised="500.00 EUR")


def entitlement(at: float, status: str = "active", ends_on: str | None = None) -> Change:
    stated: dict[str, Any] = {"subscription_number": "S-1", "product_code": "SEATS", "quantity": 10}
    return change(at, "product", "entitlement", "N", **stated, status=status, ends_on=ends_on)


BEFORE: Story = (subscription(2, "active", TODAY), schedule(2, "1970-12-31"), entitlement(2))
CANCELLED: Story = (*BEFORE, subscription(5, "cancelled"))
CHURNED, CLOSED, REVOKED = account(6, "churned"), schedule(7, DAY_BEFORE), entitlement(8, "revoked")

REVENUE = Dossier(
    kind="cancellation_unpropagated",
    story=(*CANCELLED, CHURNED, REVOKED),
    opens_at=15,
    near_misses={
        "all ended exactly at the deadline": (*CANCELLED, CHURNED, REVOKED, schedule(15, "1970-12-31", "closed")),
        "recognised up to the last day": (*CANCELLED, CHURNED, REVOKED, CLOSED),
        "a schedule that is a draft": (*CANCELLED, CHURNED, REVOKED, schedule(6, "1970-12-31", "draft")),
        "not cancelled": BEFORE,
        "suspended": (*BEFORE, subscription(5, "suspended")),
        "it serves until tomorrow": (*BEFORE, subscription(5, "cancelled", TOMORROW)),
        "taken back in time": (*CANCELLED, subscription(14.9, "active")),
    },
    late=(schedule(14.5, DAY_BEFORE),),
    amount="700 EUR",
    owner_system="billing",
    owner_team="billing-operations",
    says=("S-1", "ends with 1969-12-31", "revenue schedule R runs until 1970-12-31", "700.00 EUR to recognise"),
    resolved_by=(schedule(40, DAY_BEFORE),),
)
PRODUCT = Dossier(
    kind="cancellation_unpropagated",
    story=(*CANCELLED, CHURNED, CLOSED),
    opens_at=15,
    near_misses={
        "revoked exactly at the deadline": (*CANCELLED, CHURNED, CLOSED, entitlement(15, "revoked")),
        "granted up to the last day": (*CANCELLED, CHURNED, CLOSED, entitlement(6, "active", DAY_BEFORE)),
        "suspended": (*CANCELLED, CHURNED, CLOSED, entitlement(6, "suspended")),
    },
    late=(entitlement(14.5, "revoked"),),
    amount="100 EUR",
    owner_system="billing",
    owner_team="billing-operations",
    says=("product still grants SEATS",),
    resolved_by=(entitlement(40, "revoked"),),
)
ACCOUNT = Dossier(
    kind="cancellation_unpropagated",
    story=(*CANCELLED, CLOSED, REVOKED, subscription(3, "cancelled", "1969-12-30", "S0")),
    opens_at=15,
    near_misses={
        "churned exactly at the deadline": (*CANCELLED, CLOSED, REVOKED, account(15, "churned")),
        "another subscription goes on": (*CANCELLED, CLOSED, REVOKED, subscription(3, "active", TODAY, "S2")),
        "another one is bought in time": (*CANCELLED, CLOSED, REVOKED, subscription(14.9, "draft", None, "S2")),
        "another one serves until tomorrow": (
            *CANCELLED,
            CLOSED,
            REVOKED,
            subscription(3, "cancelled", TOMORROW, "S2"),
        ),
        "never more than a prospect": (*CANCELLED, CLOSED, REVOKED, account(3, "prospect")),
    },
    late=(account(14.5, "churned"),),
    amount="100 EUR",
    owner_system="billing",
    owner_team="billing-operations",
    says=("account A in crm is still active", "no subscription is left"),
    resolved_by=(account(40, "churned"),),
)
NO_LAST_DAY = Dossier(
    kind="cancellation_unpropagated",
    story=(subscription(2, "active", None), schedule(2, None), subscription(5, "cancelled", None), CHURNED),
    opens_at=15,
    near_misses={
        "the schedule ends with the day of the cancellation": (
            *BEFORE[:1],
            schedule(6, TODAY),
            subscription(5, "cancelled", None),
            CHURNED,
        ),
        "nothing rests on it": (subscription(5, "cancelled", None), CHURNED),
        "a draft": (subscription(5, "draft", None), schedule(6, None), CHURNED),
    },
    late=(schedule(14.5, TODAY),),
    amount="700 EUR",
    owner_system="billing",
    owner_team="billing-operations",
    says=("ends with 1970-01-01", "runs without end"),
    resolved_by=(schedule(40, TODAY),),
)
DOSSIERS = (REVENUE, PRODUCT, ACCOUNT, NO_LAST_DAY)

TOGGLES = Toggles(
    demand=lambda at: (subscription(at, "cancelled"),),
    withdraw=lambda at: (subscription(at, "active", TODAY),),
    do=lambda at: (entitlement(at, "revoked"),),
    undo=lambda at: (entitlement(at),),
    before=(subscription(2, "active", TODAY), account(2, "churned"), schedule(2, DAY_BEFORE), entitlement(2)),
)
