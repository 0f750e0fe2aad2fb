from __future__ import annotations

from tests.dossiers.model import Change, Dossier, change


def invoice(at: float, status: str = "posted", total: str = "119.00 EUR") -> Change:
    return change(at, "billing", "invoice", "I", number="INV-7", status=status, total=total)


def posting(at: float, status: str = "posted", type_: str = "invoice", number: str = "INV-7") -> Change:
    return change(
        at, "erp", "ledger_posting", "L", document_type=type_, document_ref=number, status=status, total="119.00 EUR"
    )


DOSSIERS = (
    Dossier(
        kind="invoice_not_posted",
        story=(invoice(3), posting(5, "draft")),
        opens_at=13,
        near_misses={
            "posted exactly at the deadline": (invoice(3), posting(13)),
            "posted before the invoice was": (posting(2), invoice(3)),
            "nothing to post": (invoice(3, total="0.00 EUR"),),
            "a draft": (invoice(3, "draft"),),
            "voided before the deadline": (invoice(3), invoice(12.9, "voided")),
        },
        late=(posting(12.5),),
        amount="119 EUR",
        owner_system="erp",
        owner_team="finance-systems",
        says=("INV-7", "ledger", "erp"),
        resolved_by=(posting(40),),
    ),
)
