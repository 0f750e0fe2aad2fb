from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change


def invoice(at: float, status: str = "posted", total: str | None = "119.00 EUR") -> Change:
    return change(at, "billing", "invoice", "I", number="INV-7", status=status, total=total)


def posting(at: float, status: str = "posted", type_: str = "invoice", native_id: str = "L") -> Change:
    return change(
        at,
        "erp",
        "ledger_posting",
        native_id,
        document_type=type_,
        document_ref="INV-7",
        status=status,
        total="119.00 EUR",
    )


def reversal(at: float, status: str = "posted") -> Change:
    return posting(at, status, "reversal", "R")


def credit(at: float, total: str = "119.00 EUR", status: str = "posted", invoice_ref: str = "INV-7") -> Change:
    return change(at, "erp", "credit_memo", "C", number="CM-1", invoice_ref=invoice_ref, total=total, status=status)


POSTED = (invoice(2), posting(3))
VOIDED = (*POSTED, invoice(10, "voided"))

STILL_STANDS = Dossier(
    kind="reversal_incomplete",
    story=(*VOIDED, reversal(12, "draft"), credit(13, "19.00 EUR")),
    opens_at=20,
    near_misses={
        "reversed exactly at the deadline": (*VOIDED, reversal(20)),
        "marked as reversed exactly at the deadline": (*VOIDED, posting(20, "reversed")),
        "reversed before billing voided it": (*POSTED, reversal(9), invoice(10, "voided")),
        "reversed by status and by document": (*VOIDED, posting(15, "reversed"), reversal(15)),
        "credited in full": (*VOIDED, credit(20)),
        "credited in full within a cent": (*VOIDED, credit(20, "118.99 EUR")),
        "never posted": (invoice(2), invoice(10, "voided")),
        "posted as a draft only": (invoice(2), posting(3, "draft"), invoice(10, "voided")),
        "the voiding was withdrawn in time": (*VOIDED, invoice(19.9)),
        "not voided": POSTED,
        "a draft that was voided": (invoice(2, "draft"), invoice(10, "voided")),
    },
    late=(reversal(19.5),),
    amount="119 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("INV-7", "119.00 EUR", "posting L", "no reversal"),
    resolved_by=(reversal(40),),
)

POSTED_TOO_LATE = STILL_STANDS._replace(
    # It arrives in the ledger after the voiding: the queue between the two was not emptied.
    story=(invoice(2), invoice(5, "voided"), posting(30)),
    opens_at=40,
    near_misses={
        "and was reversed exactly at the deadline": (invoice(2), invoice(5, "voided"), posting(30), reversal(40)),
        "and was marked as reversed": (invoice(2), invoice(5, "voided"), posting(30), posting(31, "reversed")),
        "as a draft that goes nowhere": (invoice(2), invoice(5, "voided"), posting(30, "draft")),
    },
    late=(reversal(39.5),),
    resolved_by=(reversal(50),),
)

WITHOUT_ORIGINAL = STILL_STANDS._replace(
    story=(invoice(2), posting(3, "draft"), invoice(10, "voided"), reversal(12)),
    near_misses={
        "the original was posted exactly at the deadline": (
            invoice(2),
            posting(3, "draft"),
            invoice(10, "voided"),
            reversal(12),
            posting(20),
        ),
        "the reversal was taken out again": (invoice(2), invoice(10, "voided"), reversal(12), reversal(19, "draft")),
        "the reversal is no more than a draft": (invoice(2), invoice(10, "voided"), reversal(12, "draft")),
    },
    late=(posting(19.5),),
    says=("INV-7", "the original", "is not"),
    resolved_by=(posting(40),),
)

WRONG_CREDIT = STILL_STANDS._replace(
    story=(*VOIDED, credit(12, "118.98 EUR")),
    near_misses={
        "corrected in time": (*VOIDED, credit(12, "118.98 EUR"), credit(19, "119.00 EUR")),
        "within the tolerance": (*VOIDED, credit(12, "118.99 EUR")),
        "reversed besides": (*VOIDED, credit(12, "118.98 EUR"), reversal(20)),
    },
    resolved_by=(credit(40),),
)

DOSSIERS = (STILL_STANDS, POSTED_TOO_LATE, WITHOUT_ORIGINAL, WRONG_CREDIT)

TOGGLES = Toggles(
    demand=lambda at: (invoice(at, "voided"),),
    withdraw=lambda at: (invoice(at),),
    do=lambda at: (reversal(at),),
    undo=lambda at: (reversal(at, "draft"),),
    before=POSTED,
)
