from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, change


def subscription(at: float, **said: Any) -> Change:
    attributes = {
        "number": "SUB-1",
        "status": "active",
        "version_number": 1,
        "total_value": "1200.00 EUR",
        "starts_on": "2026-01-31",
        "term_months": 12,
        **said,
    }
    return change(at, "billing", "subscription", "S", **attributes)


def schedule(at: float, id_: str = "RS", **said: Any) -> Change:
    attributes = {
        "subscription_number": "SUB-1",
        "version_number": 1,
        "status": "active",
        "total": "1200.00 EUR",
        "starts_on": "2026-01-31",
        "ends_on": "2027-01-30",
        **said,
    }
    return change(at, "erp", "revenue_schedule", id_, **attributes)


OTHER_PRICE = Dossier(
    kind="revenue_schedule_divergence",
    story=(subscription(2), schedule(3, total="1000.00 EUR")),
    opens_at=13,
    near_misses={
        "exactly within tolerance": (subscription(2), schedule(3, total="1199.95 EUR")),
        "put right exactly at the end of the grace": (subscription(2), schedule(3, total="1000.00 EUR"), schedule(13)),
        "two schedules make up the price": (
            subscription(2),
            schedule(3, total="900.00 EUR"),
            schedule(3, "RS-2", total="300.00 EUR"),
        ),
        "only a draft is wrong": (subscription(2), schedule(3), schedule(3, "RS-2", status="draft", total="9.00 EUR")),
        "nothing is scheduled": (subscription(2),),
        "not in service yet": (subscription(2, status="pending_activation"), schedule(3, total="1000.00 EUR")),
        "cancelled": (subscription(2, status="cancelled"), schedule(3, total="1000.00 EUR")),
        "the price is not read": (subscription(2, total_value=None), schedule(3)),
        "an earlier version had another price": (
            subscription(2, version_number=2),
            schedule(3, status="closed", total="1000.00 EUR"),
            schedule(3, "RS-2", version_number=2, starts_on="2026-06-01"),
        ),
    },
    late=(schedule(12.5),),
    amount="200 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("version 1 of subscription SUB-1", "1,200.00 EUR", "2027-01-30", "1,000.00 EUR are scheduled"),
    resolved_by=(schedule(40),),
)

OTHER_TIME = OTHER_PRICE._replace(
    story=(subscription(2), schedule(3, starts_on="2026-01-01", ends_on="2026-12-31")),
    near_misses={
        "the stated end counts, and not the term": (
            subscription(2, ends_on="2026-09-30"),
            schedule(3, ends_on="2026-09-30"),
        ),
        "its time is not read": (subscription(2), schedule(3, starts_on=None, ends_on=None)),
        "the service's time is not known": (subscription(2, starts_on=None), schedule(3)),
        "a later version begins when it takes effect": (
            subscription(2, version_number=2),
            schedule(3, version_number=2, starts_on="2026-06-15"),
        ),
        "recognised to the last day": (
            subscription(2),
            schedule(3, recognised="1200.00 EUR", recognised_until="2027-01-30", status="closed"),
        ),
    },
    amount="1200 EUR",
    says=("from 2026-01-01", "until 2026-12-31", "from 2026-01-31", "until 2027-01-30"),
)

RECOGNISED_TOO_MUCH = OTHER_PRICE._replace(
    story=(subscription(2), schedule(3), schedule(20, recognised="1300.00 EUR", recognised_until="2026-12-31")),
    opens_at=30,
    near_misses={
        "all of it and no more": (subscription(2), schedule(3), schedule(20, recognised="1200.00 EUR")),
        "corrected within the grace": (
            subscription(2),
            schedule(3, recognised="1300.00 EUR"),
            schedule(13, recognised="1200.00 EUR"),
        ),
        "nothing yet": (subscription(2), schedule(3, recognised="0.00 EUR")),
    },
    late=(schedule(29, recognised="1200.00 EUR"),),
    amount="100 EUR",
    says=("1,300.00 EUR are recognised of the 1,200.00 EUR", "RS"),
)

RECOGNISED_TOO_LONG = OTHER_TIME._replace(
    story=(subscription(2, ends_on="2026-09-30"), schedule(3, ends_on="2026-09-30", recognised_until="2026-10-31")),
    late=(schedule(12.5, ends_on="2026-09-30"),),
    says=("2026-10-31", "beyond the service"),
    resolved_by=(schedule(40, ends_on="2026-09-30"),),
)

NOT_CUT_ANEW = OTHER_PRICE._replace(
    story=(subscription(2), schedule(3), subscription(20, version_number=2, total_value="1500.00 EUR")),
    opens_at=30,
    near_misses={
        "cut anew exactly at the end of the grace": (
            subscription(2),
            schedule(3),
            subscription(20, version_number=2),
            schedule(30, version_number=2),
        ),
        "amended back": (subscription(2), schedule(3), subscription(20, version_number=2), subscription(29.9)),
        "it was cut before billing knew": (subscription(2), schedule(3, version_number=2)),
        "it states no version, and is right": (
            subscription(2, version_number=2),
            schedule(3, version_number=None),
        ),
    },
    late=(schedule(29, version_number=2, total="1500.00 EUR"),),
    amount="1200 EUR",
    says=("version 2", "1,500.00 EUR", "not cut anew since version 1"),
    resolved_by=(schedule(40, version_number=2, total="1500.00 EUR"),),
)

OTHER_CURRENCY = OTHER_PRICE._replace(
    story=(subscription(2), schedule(3, total="1200.00 USD")), amount="1200 EUR", says=("scheduled in USD",)
)

DOSSIERS = (OTHER_PRICE, OTHER_TIME, RECOGNISED_TOO_MUCH, RECOGNISED_TOO_LONG, NOT_CUT_ANEW, OTHER_CURRENCY)
