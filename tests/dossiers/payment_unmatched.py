from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change


def payment(
    at: float, status: str = "settled", total: str | None = "119.00 EUR", reference: str | None = "ch_1"
) -> Change:
    return change(
        at, "processor", "payment", "P1", reference=reference, invoice_ref="INV-7", status=status, total=total
    )


def application(
    at: float,
    total: str = "119.00 EUR",
    native_id: str = "X",
    status: str | None = "applied",
    payment_ref: str = "ch_1",
) -> Change:
    return change(
        at,
        "erp",
        "cash_application",
        native_id,
        payment_ref=payment_ref,
        invoice_ref="INV-7",
        total=total,
        status=status,
    )


INVOICE = change(2, "billing", "invoice", "I", number="INV-7", status="posted", total="119.00 EUR")

UNMATCHED = Dossier(
    kind="payment_unmatched",
    story=(INVOICE, payment(3), application(5, payment_ref="ch_2")),
    opens_at=13,
    near_misses={
        "applied exactly at the deadline": (INVOICE, payment(3), application(13)),
        "applied before the processor reported it": (INVOICE, application(2), payment(3)),
        "applied in a system that states no status": (INVOICE, payment(3), application(9, status=None)),
        "applied to three invoices": (
            payment(3),
            application(5, "50.00 EUR"),
            application(6, "60.00 EUR", "Y"),
            application(7, "9.00 EUR", "Z"),
        ),
        "all but a cent is applied": (payment(3), application(5, "118.99 EUR")),
        "more than all of it is applied": (payment(3), application(5, "120.00 EUR")),
        "given back before the deadline": (INVOICE, payment(3), payment(12.9, "refunded")),
        "failed after all": (INVOICE, payment(3), payment(12.9, "failed")),
        "still pending": (INVOICE, payment(3, "pending")),
        "a check of the card": (payment(3, total="0.00 EUR"),),
        "its amount is not read": (payment(3, total=None),),
    },
    late=(application(12.5),),
    amount="119 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("ch_1", "119.00 EUR", "erp", "no application"),
    resolved_by=(application(40),),
)

APPLIED_IN_PART = UNMATCHED._replace(
    story=(INVOICE, payment(3), application(5, "100.00 EUR"), application(6, "7.00 USD", "Y")),
    near_misses={
        "the rest was applied exactly at the deadline": (
            payment(3),
            application(5, "100.00 EUR"),
            application(13, "19.00 EUR", "Y"),
        ),
        "all but a cent": (payment(3), application(5, "100.00 EUR"), application(12, "18.99 EUR", "Y")),
        "disputed, and applied": (payment(3), application(5), payment(6, "disputed")),
    },
    late=(application(12.5, "19.00 EUR", "Y"),),
    amount="19 EUR",
    says=("ch_1", "100.00 EUR of it is applied", "19.00 EUR is not"),
    resolved_by=(application(40, "19.00 EUR", "Y"),),
)

TAKEN_BACK = UNMATCHED._replace(
    story=(INVOICE, payment(3), application(5), application(20, status="reversed")),
    opens_at=30,
    near_misses={
        "applied anew exactly at the deadline": (
            payment(3),
            application(5),
            application(20, status="reversed"),
            application(30, native_id="Y"),
        ),
        "the payment had been given back": (
            payment(3),
            application(5),
            payment(19, "refunded"),
            application(20, status="reversed"),
        ),
        "the reversal was undone": (payment(3), application(5), application(20, status="reversed"), application(25)),
    },
    late=(application(29.5, native_id="Y"),),
    says=("ch_1", "119.00 EUR"),
)

WITHOUT_REFERENCE = UNMATCHED._replace(
    # Nothing can name it: whom the money came from is found out by a person.
    story=(INVOICE, payment(3, reference=None), application(5)),
    near_misses={
        "its reference came in time": (INVOICE, payment(3, reference=None), application(5), payment(12)),
        "pending": (payment(3, "pending", reference=None),),
        "given back": (payment(3, reference=None), payment(12, "refunded", reference=None)),
    },
    late=(payment(12.5), application(12.6)),
    says=("payment P1", "119.00 EUR"),
    resolved_by=(payment(40), application(41)),
)

DOSSIERS = (UNMATCHED, APPLIED_IN_PART, TAKEN_BACK, WITHOUT_REFERENCE)

TOGGLES = Toggles(
    demand=lambda at: (payment(at),),
    withdraw=lambda at: (payment(at, "failed"),),
    do=lambda at: (application(at),),
    undo=lambda at: (application(at, status="reversed"),),
)
