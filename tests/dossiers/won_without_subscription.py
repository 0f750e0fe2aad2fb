from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Toggles, change


def deal(at: float, stage: str = "won", **said: Any) -> Change:
    attributes = {"name": "Acme: seats", "value": "1200.00 EUR", "contract_ref": "K-1", **said}
    return change(at, "crm", "opportunity", "O", stage=stage, **attributes)


def line(at: float, id_: str, *, recurring: bool) -> Change:
    return change(at, "crm", "opportunity_line", id_, opportunity_ref="O", product_code=id_, recurring=recurring)


def subscription(at: float, status: str = "draft", opportunity: str | None = "O", contract: str = "K-9") -> Change:
    return change(
        at, "billing", "subscription", "S",
        number="SUB-1", status=status, opportunity_ref=opportunity, contract_ref=contract, total_value="1200.00 EUR",
    )  # fmt: skip


COMMON: dict[str, Any] = {
    "kind": "won_without_subscription",
    "opens_at": 13,
    "amount": "1200 EUR",
    "owner_system": "billing",
    "owner_team": "billing-operations",
}

DOSSIERS = (
    Dossier(
        **COMMON,
        story=(deal(2, "open"), line(2, "seats", recurring=True), line(2, "setup", recurring=False), deal(3)),
        near_misses={
            "provisioned exactly at the deadline": (deal(3), subscription(13)),
            "provisioned before the deal was won": (subscription(2), deal(3)),
            "it quotes the contract and not the deal": (deal(3), subscription(9, opportunity=None, contract="K-1")),
            "nothing of it recurs": (deal(3, recurring=False),),
            "its lines are all one-time": (deal(3), line(3, "setup", recurring=False)),
            "its lines turned out to be one-time": (deal(3), line(12.9, "setup", recurring=False)),
            "a renewal of what the customer has": (
                subscription(2, "active", opportunity="O-1"),
                deal(3, type="renewal", contract_ref=None),
            ),
            "provisioned and cancelled": (deal(3), subscription(9), subscription(11, "cancelled")),
            "lost": (deal(3, "lost"),),
            "won by mistake, reopened in time": (deal(3), deal(12.999, "open")),
        },
        late=(subscription(12.5),),
        says=("Acme: seats", "billing", "K-1", "1,200.00 EUR"),
        resolved_by=(subscription(40),),
    ),
    Dossier(
        **COMMON | {"opens_at": 30},
        story=(deal(3), subscription(5, opportunity=None, contract="K-1"), deal(20, contract_ref="K-2")),
        near_misses={
            "the deal names the contract late, and in time": (
                deal(3, contract_ref=None),
                subscription(5, opportunity=None, contract="K-1"),
                deal(12),
            ),
        },
        late=(subscription(25),),
        says=("Acme: seats", "K-2"),
        resolved_by=(subscription(40),),
    ),
    Dossier(
        **COMMON | {"opens_at": 30},
        story=(deal(3), subscription(5), subscription(20, opportunity="O-OTHER")),
        near_misses={
            "an expansion of a subscription that lives": (
                subscription(2, "suspended", opportunity="O-1"),
                deal(3, type="expansion"),
            ),
            "moved to the contract of the deal": (
                deal(3),
                subscription(5),
                subscription(20, opportunity="O-OTHER", contract="K-1"),
            ),
            "taken away and given back": (
                deal(3),
                subscription(5),
                subscription(9, opportunity=None),
                subscription(13),
            ),
        },
        late=(subscription(25),),
        says=("Acme: seats",),
        resolved_by=(subscription(40),),
    ),
)

TOGGLES = Toggles(
    demand=lambda at: (deal(at),),
    withdraw=lambda at: (deal(at, "lost"),),
    do=lambda at: (subscription(at),),
    undo=lambda at: (subscription(at, opportunity="O-OTHER"),),
)
