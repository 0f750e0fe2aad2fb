from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Story, change, deletion

DAY_BEFORE, TODAY, TOMORROW = "1969-12-31", "1970-01-01", "1970-01-02"


def subscription(at: float, status: str = "active") -> Change:
    return change(at, "billing", "subscription", "S", number="S-1", status=status)


def charge(at: float, quantity: int | None = 10, native_id: str = "C", **told: Any) -> Change:
    stated: dict[str, Any] = {"subscription_ref": "S", "product_code": "SEATS", "type": "recurring", "status": "active"}
    return change(at, "billing", "charge", native_id, **stated | told, quantity=quantity, unit_price="9.50 EUR")


def grant(at: float, quantity: int | None = 10, native_id: str = "N", **told: Any) -> Change:
    stated: dict[str, Any] = {"subscription_number": "S-1", "product_code": "SEATS", "status": "active"}
    return change(at, "product", "entitlement", native_id, **stated | told, quantity=quantity)


AGREED: Story = (subscription(2), charge(3), grant(3))
MORE_THAN_CHARGED = Dossier(
    kind="entitlement_divergence",
    story=(*AGREED, grant(5, 12)),
    opens_at=15,
    near_misses={
        "taken back as the grace ends": (*AGREED, grant(5, 12), grant(15)),
        "charged as the grace ends": (*AGREED, grant(5, 12), charge(15, 12)),
        "in two grants": (subscription(2), charge(3), grant(3, 4), grant(3, 6, "N2")),
        "more from tomorrow": (*AGREED, grant(5, 2, "N2", starts_on=TOMORROW)),
        "not active": (subscription(2, "pending_activation"), charge(3), grant(3, 12)),
        "suspended within the grace": (*AGREED, grant(5, 12), subscription(14.9, "suspended")),
        "a grant that is revoked": (*AGREED, grant(5, 2, "N2", status="revoked")),
        "usage, whose units are counted elsewhere": (subscription(2), charge(3, 1, type="usage"), grant(3, 1000)),
        "no number, so any": (subscription(2), charge(3, None), grant(3)),
    },
    late=(grant(14.5),),
    amount="19 EUR",
    owner_system="billing",
    owner_team="billing-operations",
    says=("S-1 grants SEATS 10", "SEATS 12 is granted"),
    resolved_by=(grant(40),),
)
LESS_THAN_CHARGED = MORE_THAN_CHARGED._replace(
    story=(*AGREED, charge(5, 5, "C2")),
    near_misses={
        "granted as the grace ends": (*AGREED, charge(5, 5, "C2"), grant(15, 15)),
        "charged from tomorrow": (*AGREED, charge(5, 5, "C2", starts_on=TOMORROW)),
        "charged until yesterday": (*AGREED, charge(5, 5, "C2", ends_on=DAY_BEFORE)),
        "charged once": (*AGREED, charge(5, 1, "C2", product_code="SETUP", type="one_time")),
        "a charge that has ended": (*AGREED, charge(5, 5, "C2", status="ended")),
        "a charge of no product": (*AGREED, charge(5, 5, "C2", product_code=None)),
    },
    late=(grant(14.5, 15),),
    amount="47.5 EUR",
    says=("S-1 grants SEATS 15", "SEATS 10 is granted"),
    resolved_by=(grant(40, 15),),
)
NOT_GRANTED = MORE_THAN_CHARGED._replace(
    story=(subscription(2), charge(3), grant(3), deletion(5, "product", "entitlement", "N")),
    near_misses={
        "granted as the grace ends": (subscription(2), charge(5), grant(15)),
        "charged and granted from tomorrow": (
            subscription(2),
            charge(5, starts_on=TOMORROW),
            grant(5, starts_on=TOMORROW),
        ),
        "nothing is charged": (subscription(2),),
    },
    late=(grant(14.5),),
    amount="95 EUR",
    says=("no SEATS is granted",),
    resolved_by=(grant(40),),
)
NOT_CHARGED = MORE_THAN_CHARGED._replace(
    story=(*AGREED, grant(5, 3, "N2", product_code="STORAGE")),
    near_misses={
        "revoked as the grace ends": (
            *AGREED,
            grant(5, 3, "N2", product_code="STORAGE"),
            grant(15, 3, "N2", product_code="STORAGE", status="revoked"),
        ),
        "granted until yesterday": (*AGREED, grant(5, 3, "N2", product_code="STORAGE", ends_on=DAY_BEFORE)),
        "another subscription's": (*AGREED, grant(5, 3, "N2", product_code="STORAGE", subscription_number="S-2")),
    },
    late=(grant(14.5, 3, "N2", product_code="STORAGE", status="revoked"),),
    amount=None,
    says=("no STORAGE", "STORAGE 3 is granted"),
    resolved_by=(grant(40, 3, "N2", product_code="STORAGE", status="revoked"),),
)
DOSSIERS = (MORE_THAN_CHARGED, LESS_THAN_CHARGED, NOT_GRANTED, NOT_CHARGED)
