from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Story, Toggles, change


def subscription(
    at: float, version: int, value: str, status: str = "active", effective_on: str | None = None
) -> Change:
    stated: dict[str, Any] = {"number": "S-1", "contract_ref": "K-1", "term_months": 12, "effective_on": effective_on}
    return change(
        at, "billing", "subscription", "S", **stated, version_number=version, status=status, total_value=value
    )


def contract(
    at: float, value: str, version: int | None = None, system: str = "erp", status: str = "active", term: int = 12
) -> Change:
    stated: dict[str, Any] = {"number": "K-1", "status": status, "version_number": version, "term_months": term}
    return change(at, system, "contract", f"K-{system}", **stated, value=value)


def schedule(at: float, native_id: str, version: int, total: str, status: str = "active") -> Change:
    stated: dict[str, Any] = {"subscription_number": "S-1", "version_number": version, "status": status}
    return change(at, "erp", "revenue_schedule", native_id, **stated, total=total)


BEFORE: Story = (
    subscription(2, 1, "1200.00 EUR"),
    contract(2, "1200.00 EUR"),
    contract(2, "1200.00 EUR", 1, "crm"),
    schedule(2, "R1", 1, "1200.00 EUR"),
)
AMENDED: Story = (*BEFORE, subscription(5, 2, "1500.00 EUR"))
SHOWN = contract(6, "1500.00 EUR", 2, "crm")
RECUT: Story = (schedule(6, "R1", 1, "1200.00 EUR", "closed"), schedule(6, "R2", 2, "1500.00 EUR"))

VALUE = Dossier(
    kind="amendment_unpropagated",
    story=(*AMENDED, SHOWN, *RECUT),
    opens_at=15,
    near_misses={
        "carried everywhere exactly at the deadline": (*AMENDED, SHOWN, *RECUT, contract(15, "1500.00 EUR")),
        "the first version": BEFORE,
        "exactly within the tolerance": (
            *BEFORE,
            subscription(5, 2, "1201.20 EUR"),
            *RECUT,
            contract(6, "1.00 EUR", 2, "crm"),
        ),
        "an amendment that changes no value": (*BEFORE, subscription(5, 2, "1200.00 EUR"), SHOWN, *RECUT),
        "taken back in time": (*AMENDED, subscription(14.9, 1, "1200.00 EUR")),
        "cancelled in time": (*AMENDED, subscription(14.9, 2, "1500.00 EUR", "cancelled")),
        "not in service yet": (*BEFORE, subscription(2, 2, "1500.00 EUR", "pending_activation")),
        "in force tomorrow": (*BEFORE, subscription(5, 2, "1500.00 EUR", effective_on="1970-01-02")),
        "a contract that has ended": (*AMENDED, SHOWN, *RECUT, contract(6, "1200.00 EUR", status="ended")),
        "the same value a year": (*AMENDED, SHOWN, *RECUT, contract(6, "3000.00 EUR", term=24)),
        "in another currency, of which nothing can be told": (*AMENDED, SHOWN, *RECUT, contract(6, "1200.00 USD")),
    },
    late=(contract(14.5, "1500.00 EUR"),),
    amount="300 EUR",
    owner_system="billing",
    owner_team="revenue-operations",
    says=("version 2", "S-1", "1,500.00 EUR", "erp contract K-1", "still at 1,200.00 EUR"),
    resolved_by=(contract(40, "1500.00 EUR"),),
)
SCHEDULE = Dossier(
    kind="amendment_unpropagated",
    story=(*AMENDED, contract(6, "1500.00 EUR"), SHOWN, schedule(7, "R2", 1, "300.00 EUR", "closed")),
    opens_at=15,
    near_misses={
        "cut again exactly at the deadline": (
            *AMENDED,
            contract(6, "1500.00 EUR"),
            SHOWN,
            schedule(15, "R2", 2, "300.00 EUR"),
        ),
        "another kind's: there is none": (
            subscription(2, 1, "1.00 EUR"),
            subscription(5, 2, "9.00 EUR"),
            contract(6, "9.00 EUR"),
        ),
        "all closed": (*AMENDED, contract(6, "1500.00 EUR"), SHOWN, RECUT[0]),
    },
    late=(schedule(14.5, "R2", 2, "300.00 EUR"),),
    amount="1500 EUR",
    owner_system="billing",
    owner_team="revenue-operations",
    says=("revenue schedule R1", "still cut for version 1", "1,200.00 EUR"),
    resolved_by=(schedule(40, "R2", 2, "300.00 EUR"),),
)
SHOWN_TO_SALES = Dossier(
    kind="amendment_unpropagated",
    story=(*AMENDED, contract(6, "1500.00 EUR"), *RECUT),
    opens_at=15,
    near_misses={
        "carried exactly at the deadline": (
            *AMENDED,
            contract(6, "1500.00 EUR"),
            *RECUT,
            contract(15, "1500.00 EUR", 2, "crm"),
        ),
        "carried by number, whatever its value": (
            *AMENDED,
            contract(6, "1500.00 EUR"),
            *RECUT,
            contract(6, "9.00 EUR", 2, "crm"),
        ),
        "a later version already": (*AMENDED, contract(6, "1500.00 EUR"), *RECUT, contract(6, "9.00 EUR", 3, "crm")),
    },
    late=(contract(14.5, "1500.00 EUR", 2, "crm"),),
    amount="300 EUR",
    owner_system="billing",
    owner_team="revenue-operations",
    says=("crm contract K-1 is still at version 1",),
    resolved_by=(contract(40, "1500.00 EUR", 2, "crm"),),
)
DOSSIERS = (VALUE, SCHEDULE, SHOWN_TO_SALES)

TOGGLES = Toggles(
    demand=lambda at: (subscription(at, 2, "1500.00 EUR"),),
    withdraw=lambda at: (subscription(at, 1, "1200.00 EUR"),),
    do=lambda at: (contract(at, "1500.00 EUR"),),
    undo=lambda at: (contract(at, "1200.00 EUR"),),
    before=(
        subscription(2, 1, "1200.00 EUR"),
        contract(2, "1200.00 EUR"),
        contract(2, "1500.00 EUR", 2, "crm"),
        schedule(2, "R2", 2, "1500.00 EUR"),
    ),
)
