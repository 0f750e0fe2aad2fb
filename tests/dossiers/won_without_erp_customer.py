from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Toggles, change


def deal(at: float, stage: str = "won", value: str | None = "1200.00 EUR") -> Change:
    return change(at, "crm", "opportunity", "O", name="Acme: seats", stage=stage, value=value)


def account(at: float, erp_ref: str | None) -> Change:
    return change(at, "crm", "customer", "A", name="Acme GmbH", status="active", billing_ref="B", erp_ref=erp_ref)


def erp_customer(at: float, status: str = "active", id_: str = "E") -> Change:
    return change(at, "erp", "customer", id_, name="Acme GmbH", status=status, crm_ref="A")


WITHOUT_ERP = ("crm", "billing", "processor", "product")
COMMON: dict[str, Any] = {
    "kind": "won_without_erp_customer",
    "opens_at": 13,
    "amount": "1200 EUR",
    "owner_system": "erp",
    "owner_team": "finance-systems",
}

DOSSIERS = (
    Dossier(
        **COMMON,
        linked=WITHOUT_ERP,
        story=(deal(2, "open"), deal(3)),
        near_misses={
            "created exactly at the deadline": (deal(3), erp_customer(13)),
            "created before the deal was won": (erp_customer(2), deal(3)),
            "the account names one that does not name it back": (deal(3), account(13, "E-77")),
            "still a prospect of the ERP": (deal(3), erp_customer(9, "prospect")),
            "lost": (deal(3, "lost"),),
            "won by mistake, reopened in time": (deal(3), deal(12.999, "open")),
        },
        late=(erp_customer(12.5),),
        says=("Acme: seats", "erp", "1,200.00 EUR", "none"),
        resolved_by=(erp_customer(40),),
    ),
    Dossier(
        **COMMON,
        story=(erp_customer(2, "churned"), deal(3)),
        near_misses={
            "opened again in time": (erp_customer(2, "churned"), deal(3), erp_customer(13)),
            "another one is open": (erp_customer(2, "churned"), erp_customer(2, id_="E-2"), deal(3)),
            "no more than suspended": (erp_customer(2, "suspended"), deal(3)),
        },
        late=(erp_customer(12.5),),
        says=("Acme: seats", "only E", "closed"),
        resolved_by=(erp_customer(40),),
    ),
)

TOGGLES = Toggles(
    demand=lambda at: (deal(at),),
    withdraw=lambda at: (deal(at, "open"),),
    do=lambda at: (erp_customer(at),),
    undo=lambda at: (erp_customer(at, "churned"),),
)
