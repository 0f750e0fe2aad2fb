from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change, deletion


def memo(
    at: float, system: str, status: str = "posted", total: str = "119.00 EUR", number: str | None = "CM-7"
) -> Change:
    native_id = f"M-{system}"
    return change(at, system, "credit_memo", native_id, number=number, status=status, invoice_ref="INV-7", total=total)


def posting(at: float, type_: str = "credit_memo", status: str = "posted") -> Change:
    stated = {"document_type": type_, "document_ref": "CM-7", "status": status, "total": "119.00 EUR"}
    return change(at, "erp", "ledger_posting", "L", **stated)


TO_BILLING = Dossier(
    kind="credit_memo_without_counterpart",
    story=(memo(3, "erp"), memo(5, "billing", number="CM-8", status="draft")),
    opens_at=13,
    near_misses={
        "created exactly at the deadline": (memo(3, "erp"), memo(13, "billing")),
        "both at once": (memo(3, "erp"), memo(3, "billing")),
        "voided in time": (memo(3, "erp"), memo(12.9, "erp", "voided")),
        "over nothing": (memo(3, "erp", total="0.00 EUR"),),
        "a draft": (memo(3, "erp", "draft"),),
        "deleted in time": (memo(3, "erp"), deletion(12.9, "erp", "credit_memo", "M-erp")),
    },
    late=(memo(12.5, "billing"),),
    amount="119 EUR",
    owner_system="billing",
    owner_team="finance-systems",
    says=("CM-7", "119.00 EUR", "posted in billing too", "nothing there has its number"),
    resolved_by=(memo(40, "billing"),),
)
TO_THE_LEDGER = Dossier(
    kind="credit_memo_without_counterpart",
    story=(memo(3, "billing"), memo(5, "erp", "draft"), posting(6, "invoice"), posting(7, status="draft")),
    opens_at=13,
    near_misses={
        "posted exactly at the deadline": (memo(3, "billing"), memo(4, "erp", "draft"), memo(13, "erp")),
        "in the general ledger without a memo of its own": (memo(3, "billing"), posting(13)),
        "voided in time": (memo(3, "billing"), memo(12.9, "billing", "voided")),
        "over nothing": (memo(3, "billing", total="0.00 EUR"),),
    },
    late=(memo(12.5, "erp"),),
    amount="119 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("CM-7", "posted in erp too", "draft only"),
    resolved_by=(memo(40, "erp"),),
)
NUMBERLESS = Dossier(
    kind="credit_memo_without_counterpart",
    story=(memo(3, "erp", number=None),),
    opens_at=13,
    near_misses={
        "it was given its number, and created": (memo(3, "erp", number=None), memo(5, "billing"), memo(13, "erp")),
        "voided in time": (memo(3, "erp", number=None), memo(12.9, "erp", "voided", number=None)),
    },
    late=(memo(12.5, "erp", "voided", number=None),),
    amount="119 EUR",
    owner_system="billing",
    owner_team="finance-systems",
    says=("M-erp", "posted in billing too", "nothing there has its number"),
    resolved_by=(memo(40, "erp", "voided", number=None),),
    subject=("erp", "credit_memo", "M-erp"),
)
DOSSIERS = (TO_BILLING, TO_THE_LEDGER, NUMBERLESS)

TOGGLES = Toggles(
    demand=lambda at: (memo(at, "billing"),),
    withdraw=lambda at: (memo(at, "billing", "voided"),),
    do=lambda at: (posting(at),),
    undo=lambda at: (posting(at, status="draft"),),
)
