from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Story, change


def deal(at: float, value: str = "3600.00 EUR", stage: str = "won") -> Change:
    return change(at, "crm", "opportunity", "O", name="Acme seats", stage=stage, value=value)


def amending(
    at: float, value: str | None, stage: str = "won", type_: str = "expansion", native_id: str = "O2"
) -> Change:
    return change(at, "crm", "opportunity", native_id, contract_ref="K-1", type=type_, stage=stage, value=value)


def subscription(
    at: float,
    value: str = "3600.00 EUR",
    status: str = "active",
    term: int | None = 36,
    version: int | None = None,
) -> Change:
    stated: dict[str, Any] = {"number": "S-1", "contract_ref": "K-1", "opportunity_ref": "O", "term_months": term}
    stated["version_number"] = version
    return change(at, "billing", "subscription", "S", **stated, status=status, total_value=value)


def version(at: float, number: int, value: str) -> Change:
    stated = {"subscription_ref": "S", "version_number": number}
    return change(at, "billing", "subscription_version", f"V{number}", **stated, total_value=value)


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
SOLD: Story = (deal(2), version(2, 1, "3600.00 EUR"), subscription(2, version=1), contract(3))
AMENDED: Story = (subscription(5, "4200.00 EUR", version=2), version(5, 2, "4200.00 EUR"), contract(6, "4200.00 EUR"))
DEAL_CHANGED = Dossier(
    # The deal was changed after the amendment, to what nobody agreed on.
    kind="contract_value_mismatch",
    story=(*SOLD, *AMENDED, deal(7, "4000.00 EUR")),
    opens_at=17,
    near_misses={
        "the deal stays as it was sold": (*SOLD, *AMENDED),
        "it follows": (*SOLD, *AMENDED, deal(7, "4200.00 EUR")),
        "it states what the second of three versions was worth": (
            *SOLD,
            *AMENDED,
            deal(7, "4200.00 EUR"),
            subscription(8, "5000.00 EUR", version=3),
            contract(9, "5000.00 EUR"),
        ),
        "nobody tells what it was worth before": (deal(2), subscription(2, "4200.00 EUR", version=2)),
        "put right in time": (*SOLD, *AMENDED, deal(7, "4000.00 EUR"), deal(17)),
        "it is not won": (*SOLD, *AMENDED, deal(7, "4000.00 EUR", "open")),
    },
    late=(deal(16.5),),
    amount="200 EUR",
    owner_system="billing",
    owner_team="revenue-operations",
    says=("crm opportunity O 4,000.00 EUR", "billing subscription S-1 4,200.00 EUR", "erp contract K-1 4,200.00 EUR"),
    resolved_by=(deal(40, "4200.00 EUR"),),
)
NEVER_RIGHT = DEAL_CHANGED._replace(
    # It was another value already when it was sold.
    story=(*(one for one in SOLD if one.native_id != "O"), deal(2, "4000.00 EUR"), *AMENDED),
    opens_at=12,
    near_misses={
        "it is what the subscription came to": (
            *(one for one in SOLD if one.native_id != "O"),
            deal(2, "4200.00 EUR"),
            *AMENDED,
        ),
    },
    late=(deal(2.5),),
    amount="200 EUR",
)
AMENDING_DEAL = DEAL_CHANGED._replace(
    # The last deal that amended the contract counts, not the first one.
    story=(*SOLD, amending(4, "4500.00 EUR"), *AMENDED),
    opens_at=15,
    near_misses={
        "it states the new total": (*SOLD, amending(4, "4200.00 EUR"), *AMENDED),
        "it states what it adds": (*SOLD, amending(4, "600.00 EUR"), *AMENDED),
        "two of them, each with what it adds": (
            *SOLD,
            amending(4, "400.00 EUR"),
            amending(4.5, "200.00 EUR", native_id="O1"),
            *AMENDED,
        ),
        "the last of two states the new total": (
            *SOLD,
            amending(4.5, "4200.00 EUR"),
            amending(4, "100.00 EUR", native_id="O3"),
            *AMENDED,
        ),
        "it is not won": (*SOLD, amending(4, "4500.00 EUR", "open"), *AMENDED),
        "another sale under the same contract": (*SOLD, amending(4, "4500.00 EUR", type_="new"), *AMENDED),
        "a renewal": (*SOLD, amending(4, "4500.00 EUR", type_="renewal"), *AMENDED),
        "billing has not amended it yet": (*SOLD, amending(4, "4500.00 EUR")),
        "it states no value": (*SOLD, amending(4, None), *AMENDED),
    },
    late=(amending(14.5, "4200.00 EUR"),),
    amount="300 EUR",
    says=("crm opportunity O2 4,500.00 EUR", "billing subscription S-1 4,200.00 EUR"),
    resolved_by=(amending(40, "4200.00 EUR"),),
)
DOSSIERS = (UNCHANGED_IN_THE_BOOKS, OTHER_TERM, OTHER_CURRENCY, DEAL_CHANGED, NEVER_RIGHT, AMENDING_DEAL)
