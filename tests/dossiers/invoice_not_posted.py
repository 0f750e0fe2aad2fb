from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change, deletion


def invoice(
    at: float, status: str = "posted", total: str | None = "119.00 EUR", number: str | None = "INV-7"
) -> Change:
    return change(at, "billing", "invoice", "I", number=number, status=status, total=total)


def posting(
    at: float, status: str = "posted", type_: str = "invoice", number: str = "INV-7", native_id: str = "L"
) -> Change:
    return change(
        at,
        "erp",
        "ledger_posting",
        native_id,
        document_type=type_,
        document_ref=number,
        status=status,
        total="119.00 EUR",
    )


NEVER_POSTED = Dossier(
    kind="invoice_not_posted",
    story=(invoice(3), posting(4, number="INV-8")),
    opens_at=13,
    near_misses={
        "posted exactly at the deadline": (invoice(3), posting(13)),
        "posted before the invoice was": (posting(2), invoice(3)),
        "paid before anyone looked, and posted": (invoice(3), posting(4), invoice(5, "paid")),
        "nothing to post": (invoice(3, total="0.00 EUR"),),
        "its amount is not read": (invoice(3, total=None),),
        "a draft": (invoice(3, "draft"),),
        "voided before the deadline": (invoice(3), invoice(12.9, "voided")),
        "deleted before the deadline": (invoice(3), deletion(12.9, "billing", "invoice", "I")),
        "a credit note, and posted": (invoice(3, total="-119.00 EUR"), posting(6)),
    },
    late=(posting(12.5),),
    amount="119 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("INV-7", "119.00 EUR", "ledger", "erp", "no posting"),
    resolved_by=(posting(40),),
)

STUCK_IN_DRAFT = NEVER_POSTED._replace(
    story=(invoice(3), posting(5, "draft")),
    near_misses={
        "the draft was posted exactly at the deadline": (invoice(3), posting(5, "draft"), posting(13)),
        "posted by another posting than the draft": (invoice(3), posting(5, "draft"), posting(9, native_id="L2")),
        "both are drafts": (invoice(3, "draft"), posting(5, "draft")),
    },
    says=("INV-7", "posting L", "draft"),
)

REVERSED_AND_LEFT = NEVER_POSTED._replace(
    story=(invoice(3), posting(5), posting(20, "reversed")),
    opens_at=30,
    near_misses={
        "posted anew exactly at the deadline": (
            invoice(3),
            posting(5),
            posting(20, "reversed"),
            posting(30, native_id="L2"),
        ),
        "the invoice was voided too": (invoice(3), posting(5), posting(20, "reversed"), invoice(29.9, "voided")),
        "reversed with a document of its own, and posted anew": (
            invoice(3),
            posting(5),
            posting(20, type_="reversal", native_id="R"),
            posting(21, native_id="L2"),
        ),
        "reversed twice over, once by status and once by document, and posted anew": (
            invoice(3),
            posting(5),
            posting(20, "reversed"),
            posting(20, type_="reversal", native_id="R"),
            posting(21, native_id="L2"),
        ),
        "the reversal is a draft": (invoice(3), posting(5), posting(20, "draft", "reversal", native_id="R")),
    },
    late=(posting(29.5, native_id="L2"),),
    says=("INV-7", "reversed"),
    resolved_by=(posting(40, native_id="L2"),),
)

REVERSED_BY_DOCUMENT = REVERSED_AND_LEFT._replace(
    story=(invoice(3), posting(5), posting(20, type_="reversal", native_id="R")),
)

WITHOUT_A_NUMBER = NEVER_POSTED._replace(
    story=(invoice(3, number=None),),
    late=(invoice(3.5, number="INV-7"), posting(12.5)),
    near_misses={
        "it was given its number, and posted": (invoice(3, number=None), invoice(4), posting(12)),
        "nothing to post": (invoice(3, number=None, total="0 EUR"),),
        "voided": (invoice(3, number=None), invoice(4, "voided", number=None)),
    },
    says=("invoice I", "119.00 EUR"),
    resolved_by=(invoice(39), posting(40)),
)

DOSSIERS = (NEVER_POSTED, STUCK_IN_DRAFT, REVERSED_AND_LEFT, REVERSED_BY_DOCUMENT, WITHOUT_A_NUMBER)

TOGGLES = Toggles(
    demand=lambda at: (invoice(at),),
    withdraw=lambda at: (invoice(at, "voided"),),
    do=lambda at: (posting(at),),
    undo=lambda at: (posting(at, "draft"),),
)
