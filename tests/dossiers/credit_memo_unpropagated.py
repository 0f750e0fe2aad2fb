from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change, deletion


def memo(at: float, status: str = "posted", total: str = "119.00 EUR", system: str = "erp") -> Change:
    return change(at, system, "credit_memo", "M", number="CM-7", status=status, invoice_ref="INV-7", total=total)


def shown(at: float, status: str | None = "posted", number: str = "CM-7") -> Change:
    return change(at, "crm", "credit_memo", "V", number=number, status=status, total="119.00 EUR")


NOT_SHOWN = Dossier(
    kind="credit_memo_unpropagated",
    story=(memo(2, "draft"), memo(3), shown(6, "draft"), shown(6, number="CM-8")),
    opens_at=13,
    near_misses={
        "shown exactly at the deadline": (memo(3), shown(13)),
        "shown before it was posted": (memo(2, "draft"), shown(2.5), memo(3)),
        "shown by a view that has no states": (memo(3), shown(5, None)),
        "a draft": (memo(3, "draft"),),
        "voided in time": (memo(3), memo(12.9, "voided")),
        "deleted in time": (memo(3), deletion(12.9, "erp", "credit_memo", "M")),
        "over nothing": (memo(3, total="0.00 EUR"),),
        "billing's copy, of which the ERP has not heard": (memo(3, system="billing"),),
    },
    late=(shown(12.5),),
    amount="119 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("CM-7", "119.00 EUR", "account view of crm"),
    resolved_by=(shown(40),),
)

SHOWN_AS_VOIDED = NOT_SHOWN._replace(
    story=(memo(3), shown(6), shown(9, "voided")),
    near_misses={"shown anew in time": (memo(3), shown(6), shown(9, "voided"), shown(13))},
    says=("it is there as voided",),
)

DOSSIERS = (NOT_SHOWN, SHOWN_AS_VOIDED)

TOGGLES = Toggles(
    demand=lambda at: (memo(at),),
    withdraw=lambda at: (memo(at, "voided"),),
    do=lambda at: (shown(at),),
    undo=lambda at: (shown(at, "draft"),),
)
