from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Toggles, change


def subscription(
    at: float, version: int | None = 1, status: str = "active", total: str | None = "1200.00 EUR", **said: Any
) -> Change:
    return change(
        at, "billing", "subscription", "S",
        number="SUB-1", status=status, version_number=version, total_value=total,
        starts_on="1970-01-01", ends_on="1970-12-31", **said,
    )  # fmt: skip


def charge(at: float, type_: str, id_: str = "C", status: str = "active") -> Change:
    return change(at, "billing", "charge", id_, subscription_ref="S", type=type_, status=status)


def schedule(at: float, version: int | None = 1, status: str = "active", number: str = "SUB-1") -> Change:
    return change(
        at, "erp", "revenue_schedule", f"RS-{version}",
        subscription_number=number, version_number=version, status=status, total="1200.00 EUR",
    )  # fmt: skip


COMMON: dict[str, Any] = {
    "kind": "revenue_schedule_missing",
    "owner_system": "erp",
    "owner_team": "finance-systems",
}

DOSSIERS = (
    Dossier(
        **COMMON,
        story=(subscription(2, status="draft"), charge(2, "recurring"), charge(2, "one_time", "C-2"), subscription(3)),
        opens_at=13,
        near_misses={
            "cut exactly at the deadline": (subscription(3), schedule(13)),
            "cut before the activation": (schedule(2), subscription(3)),
            "cut for no version in particular": (subscription(3), schedule(9, None)),
            "recognised in full, and closed": (subscription(3), schedule(9), schedule(11, status="closed")),
            "worth nothing": (subscription(3, total="0.00 EUR"),),
            "worth nothing a month": (subscription(3, total=None, monthly_value="0.00 EUR"),),
            "only one-time charges": (subscription(3), charge(3, "one_time")),
            "only usage, once the recurring charge has ended": (
                subscription(3),
                charge(3, "recurring"),
                charge(3, "usage", "C-2"),
                charge(12.9, "recurring", status="ended"),
            ),
            "not active yet": (subscription(3, status="pending_activation"),),
            "cancelled in time": (subscription(3), subscription(12.999, status="cancelled")),
            "suspended since, and cut": (subscription(3), subscription(8, status="suspended"), schedule(13)),
        },
        late=(schedule(12.5),),
        amount="1200 EUR",
        says=("SUB-1", "version 1", "revenue schedule", "erp", "1,200.00 EUR", "none"),
        resolved_by=(schedule(40),),
    ),
    Dossier(
        **COMMON,
        story=(subscription(3), schedule(5), subscription(20, 2, total="1500.00 EUR"), schedule(22, 2, "draft")),
        opens_at=30,
        near_misses={
            "cut anew exactly at the deadline": (subscription(3), schedule(5), subscription(20, 2), schedule(30, 2)),
            "amended back in time": (subscription(3), schedule(5), subscription(20, 2), subscription(29.999, 1)),
            "activated in its second version": (
                subscription(3, status="draft"),
                subscription(6, 2, "draft"),
                subscription(9, 2),
                schedule(19, 2),
            ),
            "its versions are not read": (subscription(3, None), schedule(5, None)),
        },
        late=(schedule(29, 2),),
        amount="1500 EUR",
        says=("version 2", "SUB-1", "draft, RS-2"),
        resolved_by=(schedule(40, 2),),
    ),
    Dossier(
        # Without an end, so nobody states what it comes to in all.
        **COMMON,
        story=(subscription(3, total=None, monthly_value="100.00 EUR"),),
        opens_at=13,
        near_misses={},
        late=(schedule(12.5),),
        amount=None,
        says=("SUB-1", "version 1", "no amount", "none"),
        resolved_by=(schedule(40),),
    ),
)

TOGGLES = Toggles(
    demand=lambda at: (subscription(at),),
    withdraw=lambda at: (subscription(at, status="cancelled"),),
    do=lambda at: (schedule(at),),
    undo=lambda at: (schedule(at, status="draft"),),
)
