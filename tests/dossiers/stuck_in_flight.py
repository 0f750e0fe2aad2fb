from __future__ import annotations

from tests.dossiers.model import Change, Dossier, change


def invoice(at: float, status: str | None = "posting", number: str | None = "INV-7") -> Change:
    return change(at, "billing", "invoice", "I", number=number, status=status, total="119.00 EUR")


def posting(at: float, status: str = "posting", type_: str | None = "credit_memo") -> Change:
    return change(
        at, "erp", "ledger_posting", "L",
        document_type=type_, document_ref="CM-7", status=status, total="-119.00 EUR",
    )  # fmt: skip


IN_BILLING = Dossier(
    kind="stuck_in_flight",
    story=(invoice(2, "draft"), invoice(3), invoice(8)),
    opens_at=13,
    near_misses={
        "posted exactly at the deadline": (invoice(3), invoice(13, "posted")),
        "sent back to draft in time": (invoice(3), invoice(12.9, "draft")),
        "voided in time": (invoice(3), invoice(12.9, "voided")),
        "sent twice, each time answered": (
            invoice(3),
            invoice(10, "draft"),
            invoice(11),
            invoice(21, "posted"),
        ),
        "never sent": (invoice(3, "draft"),),
        "its status is not read": (invoice(3, None),),
    },
    late=(invoice(12.5, "posted"),),
    amount="119 EUR",
    owner_system="erp",
    owner_team="integration",
    says=("invoice INV-7", "119.00 EUR", "billing is still posting it", "may or may not"),
    resolved_by=(invoice(40, "posted"),),
    subject=("billing", "invoice", "I"),
)

IN_THE_ERP = IN_BILLING._replace(
    story=(posting(3),),
    near_misses={
        "posted exactly at the deadline": (posting(3), posting(13, "posted")),
        "reversed in time": (posting(3), posting(12.9, "reversed")),
        "a draft": (posting(3, "draft"),),
        "posted at once": (posting(3, "posted", None),),
    },
    late=(posting(12.5, "posted"),),
    amount="119 EUR",
    says=("posting L of credit memo CM-7", "-119.00 EUR", "erp is still posting it"),
    resolved_by=(posting(40, "posted"),),
    subject=("erp", "ledger_posting", "L"),
)

WITHOUT_A_NUMBER = IN_BILLING._replace(
    story=(invoice(3, number=None),),
    near_misses={
        "posted with its number": (invoice(3, number=None), invoice(13, "posted")),
        "posted without one": (invoice(3, number=None), invoice(12, "posted", None)),
        "sent again after a refusal": (
            invoice(3, number=None),
            invoice(9, "draft", None),
            invoice(12),
            invoice(22, "posted"),
        ),
    },
    says=("invoice I",),
)

DOSSIERS = (IN_BILLING, IN_THE_ERP, WITHOUT_A_NUMBER)
