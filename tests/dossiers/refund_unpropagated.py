from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change


def refund(at: float, status: str = "settled", total: str | None = "50.00 EUR", system: str = "processor") -> Change:
    return change(
        at,
        system,
        "refund",
        "R1",
        reference="re_1",
        payment_ref="ch_1",
        invoice_ref="INV-7",
        status=status,
        total=total,
    )


def in_billing(at: float, status: str = "settled") -> Change:
    return refund(at, status, system="billing")


def posting(at: float, total: str = "50.00 EUR", status: str = "posted", type_: str = "refund") -> Change:
    return change(
        at, "erp", "ledger_posting", "L", document_type=type_, document_ref="re_1", status=status, total=total
    )


def credit(at: float, total: str = "50.00 EUR", status: str = "posted") -> Change:
    return change(at, "billing", "credit_memo", "C", number="CM-1", invoice_ref="INV-7", status=status, total=total)


NOT_POSTED = Dossier(
    kind="refund_unpropagated",
    story=(refund(3), in_billing(4), posting(5, status="draft")),
    opens_at=13,
    near_misses={
        "posted exactly at the deadline": (refund(3), in_billing(4), posting(13)),
        "known to both before it was settled": (in_billing(1), posting(2), refund(3)),
        "credited instead": (refund(3), credit(12), posting(13)),
        "credited with more than that": (refund(3), credit(12, "60.00 EUR"), posting(13)),
        "posted with the ledger's sign": (refund(3), in_billing(4), posting(9, "-50.00 EUR")),
        "a cent less": (refund(3), in_billing(4), posting(9, "49.99 EUR")),
        "still pending": (refund(3, "pending"),),
        "failed before the deadline": (refund(3), refund(12.9, "failed")),
        "of nothing": (refund(3, total="0.00 EUR"),),
        "its amount is not read": (refund(3, total=None),),
    },
    late=(posting(12.5),),
    amount="50 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("re_1", "50.00 EUR", "ledger", "no posting in erp", "known to billing"),
    resolved_by=(posting(40),),
)

NOT_IN_BILLING = NOT_POSTED._replace(
    story=(refund(3), posting(5), credit(6, "49.98 EUR"), in_billing(7, "pending")),
    near_misses={
        "it came exactly at the deadline": (refund(3), posting(5), in_billing(13)),
        "credited within a cent": (refund(3), posting(5), credit(13, "49.99 EUR")),
        "failed in time": (refund(3), posting(5), refund(12.9, "failed")),
    },
    late=(in_billing(12.5),),
    owner_system="billing",
    says=("re_1", "50.00 EUR", "posted", "billing has neither"),
    resolved_by=(in_billing(40),),
)

POSTED_WRONG = NOT_POSTED._replace(
    story=(refund(3), in_billing(4), posting(5, "40.00 EUR")),
    near_misses={
        "put right exactly at the deadline": (refund(3), in_billing(4), posting(5, "40.00 EUR"), posting(13)),
        "a cent more": (refund(3), in_billing(4), posting(5, "50.01 EUR")),
        "pending": (refund(3, "pending"), in_billing(4), posting(5, "40.00 EUR")),
    },
    says=("re_1", "50.00 EUR", "over 40.00 EUR"),
)

DOSSIERS = (NOT_POSTED, NOT_IN_BILLING, POSTED_WRONG)

TOGGLES = Toggles(
    demand=lambda at: (refund(at),),
    withdraw=lambda at: (refund(at, "failed"),),
    do=lambda at: (posting(at),),
    undo=lambda at: (posting(at, status="draft"),),
    before=(in_billing(2),),
)
