from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change


def subscription(
    at: float, status: str | None = "active", deal: str | None = "O", contract: str | None = "K-1"
) -> Change:
    return change(
        at, "billing", "subscription", "S",
        number="SUB-1", status=status, opportunity_ref=deal, contract_ref=contract, total_value="1200.00 EUR",
    )  # fmt: skip


def deal(at: float, stage: str | None = "won") -> Change:
    return change(at, "crm", "opportunity", "O", name="Acme: seats", stage=stage, value="1200.00 EUR")


def contract(at: float, status: str = "active", system: str = "billing") -> Change:
    return change(at, system, "contract", "K", number="K-1", status=status, value="1200.00 EUR")


def schedule(at: float, recognised: str | None = "100.00 EUR") -> Change:
    return change(
        at, "erp", "revenue_schedule", "RS",
        subscription_number="SUB-1", status="active", total="1200.00 EUR", recognised=recognised,
    )  # fmt: skip


NEVER_WON = Dossier(
    kind="step_skipped",
    story=(deal(2, "open"), contract(2), subscription(2, "draft"), subscription(3)),
    opens_at=13,
    near_misses={
        "won exactly at the deadline": (deal(2, "open"), contract(2), subscription(3), deal(13)),
        "every step in its order": (deal(2), contract(2), subscription(3)),
        "nobody sold it": (contract(2), subscription(3, deal=None)),
        "not in service yet": (deal(2, "open"), contract(2), subscription(3, "pending_activation")),
        "taken out of service in time": (
            deal(2, "open"),
            contract(2),
            subscription(3),
            subscription(12.999, "cancelled"),
        ),
        "it never said of which deal": (deal(2, "open"), contract(2), subscription(3), subscription(9, deal=None)),
        "the deal's stage is not read": (deal(2, None), contract(2), subscription(3)),
    },
    late=(deal(12.5),),
    amount="1200 EUR",
    owner_system="crm",
    owner_team="revenue-operations",
    says=("SUB-1", "in service", "its deal is won", "deal Acme: seats is open"),
    resolved_by=(deal(40),),
)

NO_CONTRACT = NEVER_WON._replace(
    story=(deal(2), subscription(3), contract(4, "draft"), contract(4, "active", "erp")),
    near_misses={
        "made exactly at the deadline": (deal(2), subscription(3), contract(4, "draft"), contract(13)),
        "made in the CRM": (deal(2), subscription(3), contract(9, system="crm")),
        "ended since": (deal(2), contract(2), subscription(3), contract(9, "ended")),
        "it names none": (deal(2), subscription(3, contract=None)),
    },
    late=(contract(12.5),),
    owner_system="billing",
    says=("SUB-1", "its contract is made", "contract K-1 is a draft"),
    resolved_by=(contract(40),),
)

NEVER_ACTIVATED = NEVER_WON._replace(
    story=(deal(2), contract(2), subscription(2, "pending_acceptance"), schedule(2, None), schedule(3)),
    near_misses={
        "activated exactly at the deadline": (
            deal(2),
            contract(2),
            subscription(2, "draft"),
            schedule(3),
            subscription(13),
        ),
        "nothing is recognised yet": (
            deal(2),
            contract(2),
            subscription(2, "draft"),
            schedule(3, None),
            schedule(5, "0.00 EUR"),
        ),
        "recognised by mistake, taken back in time": (
            deal(2),
            contract(2),
            subscription(2, "draft"),
            schedule(3),
            schedule(12.9, "0 EUR"),
        ),
        "cancelled": (deal(2), contract(2), subscription(2, "cancelled"), schedule(3)),
        "activated before, and put back": (
            deal(2),
            contract(2),
            subscription(2),
            schedule(3),
            subscription(5, "pending_activation"),
        ),
        "its status is not read": (deal(2), contract(2), subscription(2, None), schedule(3)),
    },
    late=(subscription(12),),
    amount="100 EUR",
    owner_system="billing",
    says=("SUB-1", "100.00 EUR", "it is activated", "the subscription is pending acceptance"),
    resolved_by=(subscription(40),),
)

NEVER_SEEN = NEVER_WON._replace(
    story=(subscription(3),),
    near_misses={
        "both came in time": (subscription(3), deal(9), contract(13)),
        "it names neither": (subscription(3, deal=None, contract=None),),
        "it named them by mistake": (subscription(3), subscription(12, deal=None, contract=None)),
    },
    late=(deal(12), contract(12.5)),
    owner_system="crm",
    says=("deal O was never seen", "contract K-1 was never seen"),
    resolved_by=(deal(39), contract(40)),
)

DOSSIERS = (NEVER_WON, NO_CONTRACT, NEVER_ACTIVATED, NEVER_SEEN)

TOGGLES = Toggles(
    demand=lambda at: (subscription(at),),
    withdraw=lambda at: (subscription(at, "cancelled"),),
    do=lambda at: (deal(at),),
    undo=lambda at: (deal(at, "open"),),
    before=(contract(2),),
)
