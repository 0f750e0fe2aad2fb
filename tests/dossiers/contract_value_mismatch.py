from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Story, change


def deal(at: float, value: str = "3600.00 EUR", stage: str = "won") -> Change:
    return change(at, "crm", "opportunity", "O", name="Acme seats", stage=stage, value=value)


def subscription(at: float, value: str = "3600.00 EUR", status: str = "active", term: int | None = 36) -> Change:
    stated: dict[str, Any] = {"number": "S-1", "contract_ref": "K-1", "opportunity_ref": "O", "term_months": term}
    return change(at, "billing", "subscription", "S", **stated, status=status, total_value=value)


def contract(at: float, value: str | None = "3600.00 EUR", term: int | None = 36) -> Change:
    stated: dict[str, Any] = {"number": "K-1", "status": "active", "term_months": term}
    return change(at, "erp", "contract", "K", **stated, value=value)


AGREED: Story = (deal(2), subscription(2), contract(3))
UNCHANGED_IN_THE_BOOKS = Dossier(
    kind="contract_value_mismatch",
    story=(*AGREED, subscription(5, "4200.00 EUR"), deal(6, "4200.00 EUR")),
    opens_at=15,
    near_misses={
        "exactly within the tolerance": (
            deal(2),
            subscription(2, "4000.00 EUR"),
            contract(3, "3996.00 EUR"),
            deal(3, "4000.00 EUR"),
        ),
        "mended as the grace ends": (
            *AGREED,
            subscription(5, "4200.00 EUR"),
            deal(6, "4200.00 EUR"),
            contract(15, "4200.00 EUR"),
        ),
        "the same value a year": (deal(2), subscription(2), contract(3, "1200.00 EUR", 12)),
        "a deal that is not won": (deal(2, "10.00 EUR", "open"), subscription(2), contract(3, "10.00 EUR")),
        "not active yet": (deal(2), subscription(2, status="pending_activation"), contract(3, "10.00 EUR")),
        "cancelled within the grace": (*AGREED, contract(5, "10.00 EUR"), subscription(14.9, status="cancelled")),
        "a contract without a value": (deal(2), subscription(2), contract(3, None)),
        "nothing to compare it with": (subscription(2),),
        "equal, written with other decimals": (deal(2, "3600 EUR"), subscription(2), contract(3, "3600.0 EUR")),
    },
    late=(contract(14.5, "4200.00 EUR"),),
    amount="600 EUR",
    owner_system="billing",
    owner_team="revenue-operations",
    says=("erp contract K-1 3,600.00 EUR", "billing subscription S-1 4,200.00 EUR", "36 months", "within 4.20 EUR"),
    resolved_by=(contract(40, "4200.00 EUR"),),
)
OTHER_TERM = Dossier(
    kind="contract_value_mismatch",
    story=(deal(2), subscription(2), contract(3), contract(5, "3600.00 EUR", 12)),
    opens_at=15,
    near_misses={
        "just off by the tolerance a year": (deal(2), subscription(2), contract(3, "1201.20 EUR", 12)),
        "a term that nobody states": (deal(2), subscription(2, term=None), contract(3, "3600.00 EUR", 12)),
        "put right in time": (*AGREED, contract(5, "3600.00 EUR", 12), contract(14.9)),
    },
    late=(contract(14.5),),
    amount="7200 EUR",
    owner_system="billing",
    owner_team="revenue-operations",
    says=("erp contract K-1 3,600.00 EUR over 12 months", "for 36 months"),
    resolved_by=(contract(40),),
)
OTHER_CURRENCY = Dossier(
    kind="contract_value_mismatch",
    story=(*AGREED, contract(5, "3600.00 USD")),
    opens_at=15,
    near_misses={
        "put right in time": (*AGREED, contract(5, "3600.00 USD"), contract(15)),
        "all in the other currency": (
            deal(2, "3600.00 USD"),
            subscription(2, "3600.00 USD"),
            contract(2, "3600.00 USD"),
        ),
        "no subscription that charges": (deal(2), contract(5, "3600.00 USD")),
    },
    late=(contract(14.5),),
    amount="3600 EUR",
    owner_system="billing",
    owner_team="revenue-operations",
    says=("erp contract K-1 3,600.00 USD", "3,600.00 EUR"),
    resolved_by=(contract(40),),
)
DOSSIERS = (UNCHANGED_IN_THE_BOOKS, OTHER_TERM, OTHER_CURRENCY)
