from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change


def deal(at: float, stage: str = "won", *, order_managed: bool | None = True) -> Change:
    said = {"name": "Acme: scanners", "value": "900.00 EUR", "order_managed": order_managed}
    return change(at, "crm", "opportunity", "O", stage=stage, **said)


def order(at: float, status: str = "open") -> Change:
    return change(at, "erp", "order", "R", number="SO-1", opportunity_ref="O", status=status)


DOSSIERS = (
    Dossier(
        kind="won_without_erp_order",
        story=(deal(3), order(5), order(8, "cancelled")),
        opens_at=13,
        near_misses={
            "ordered exactly at the deadline": (deal(3), order(13)),
            "ordered before the deal was won": (order(2), deal(3)),
            "nothing of it is delivered by order": (deal(3, order_managed=None),),
            "reopened in time": (deal(3), deal(12.999, "open")),
        },
        late=(order(12.5),),
        amount="900 EUR",
        owner_system="erp",
        owner_team="finance-systems",
        says=("Acme: scanners", "order", "900.00 EUR", "cancelled"),
        resolved_by=(order(40),),
    ),
)

TOGGLES = Toggles(
    demand=lambda at: (deal(at),),
    withdraw=lambda at: (deal(at, "lost"),),
    do=lambda at: (order(at),),
    undo=lambda at: (order(at, "cancelled"),),
)
