from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Toggles, change


def invoice(
    at: float, payment_status: str | None = "open", status: str = "posted", system: str = "billing", **more: Any
) -> Change:
    stated = {"total": "119.00 EUR", "payment_status": payment_status, "status": status} | more
    return change(at, system, "invoice", "I", number="INV-7", **stated)


def payment(at: float, status: str = "settled", total: str = "119.00 EUR", native_id: str = "P1") -> Change:
    return change(
        at,
        "processor",
        "payment",
        native_id,
        reference=f"ch_{native_id}",
        invoice_ref="INV-7",
        status=status,
        total=total,
    )


def application(at: float, total: str = "119.00 EUR", payment_ref: str = "ch_P1", status: str = "applied") -> Change:
    return change(
        at,
        "erp",
        "cash_application",
        "X",
        payment_ref=payment_ref,
        invoice_ref="INV-7",
        total=total,
        status=status,
    )


def credit(at: float, total: str = "19.00 EUR", system: str = "erp") -> Change:
    stated = {"number": "CM-1", "invoice_ref": "INV-7", "total": total, "status": "posted"}
    return change(at, system, "credit_memo", f"C-{system}", **stated)


SETTLED = Dossier(
    kind="payment_status_unpropagated",
    story=(invoice(2), payment(3), application(6)),
    opens_at=13,
    near_misses={
        "shown exactly at the deadline": (invoice(2), payment(3), invoice(13, "paid")),
        "shown before the processor reported it": (invoice(2, "paid"), payment(3)),
        "applied later, and shown since it was settled": (invoice(2), payment(3), invoice(12, "paid"), application(30)),
        "applied earlier than settled": (invoice(2), application(3), payment(8), invoice(13, "paid")),
        "a cent short": (invoice(2), payment(3, total="118.99 EUR"), invoice(12, "paid")),
        "still pending": (invoice(2), payment(3, "pending")),
        "given back in time": (invoice(2), payment(3), payment(12.9, "refunded")),
        "disputed, and shown as paid": (invoice(2), payment(3, "disputed"), invoice(5, "paid")),
        "the invoice was voided": (invoice(2), payment(3), invoice(12.9, status="voided")),
        "a draft": (invoice(2, status="draft"), payment(3)),
        "of nothing": (invoice(2, total="0.00 EUR"), payment(3, total="0.00 EUR")),
        "paid in another currency": (invoice(2), payment(3, total="130.00 USD")),
        "billing has no payment status but says that it is paid": (
            invoice(2, None),
            payment(3),
            invoice(9, None, "paid"),
        ),
    },
    late=(invoice(12.5, "paid"),),
    amount="119 EUR",
    owner_system="processor",
    owner_team="finance-systems",
    says=("INV-7", "119.00 EUR", "paid in billing", "ch_P1", "open"),
    resolved_by=(invoice(40, "paid"),),
)

FAILED = SETTLED._replace(
    story=(invoice(2, "pending"), payment(3, "failed")),
    near_misses={
        "shown exactly at the deadline": (invoice(2), payment(3, "failed"), invoice(13, "failed")),
        "tried again": (invoice(2), payment(3, "failed"), payment(12, "pending", native_id="P2")),
        "tried again with success": (
            invoice(2),
            payment(3, "failed"),
            payment(8, native_id="P2"),
            invoice(18, "paid"),
        ),
        "billing has no payment status": (invoice(2, None), payment(3, "failed")),
        "credited in full instead": (invoice(2), payment(3, "failed"), credit(4, "119.00 EUR"), invoice(5, "paid")),
    },
    late=(invoice(12.5, "failed"),),
    says=("INV-7", "failed in billing", "ch_P1", "shows it as pending"),
    resolved_by=(invoice(40, "failed"),),
)

IN_PARTS = SETTLED._replace(
    # The status is right since the first part; the second is not in the amount.
    story=(
        invoice(2),
        payment(3, total="40.00 EUR"),
        invoice(4, "partially_paid", paid="40.00 EUR"),
        payment(20, total="30.00 EUR", native_id="P2"),
    ),
    opens_at=30,
    near_misses={
        "the second part was shown exactly at the deadline": (
            invoice(2, "partially_paid", paid="40.00 EUR"),
            payment(3, total="40.00 EUR"),
            payment(20, total="30.00 EUR", native_id="P2"),
            invoice(30, "partially_paid", paid="70.00 EUR"),
        ),
        "within a cent": (invoice(2, "partially_paid", paid="39.99 EUR"), payment(3, total="40.00 EUR")),
        "billing states no amount": (invoice(2, "partially_paid"), payment(3, total="40.00 EUR")),
        "paid in full by the last part": (
            invoice(2, "partially_paid", paid="40.00 EUR"),
            payment(3, total="40.00 EUR"),
            payment(20, total="79.00 EUR", native_id="P2"),
            invoice(29, "paid", paid="119.00 EUR"),
        ),
        "the rest was credited, and billing calls it paid": (
            invoice(2),
            payment(3, total="100.00 EUR"),
            credit(3),
            invoice(4, "paid", paid="119.00 EUR"),
        ),
        "the rest was credited in billing alone": (
            invoice(2),
            payment(3, total="100.00 EUR"),
            credit(3, system="billing"),
            invoice(4, "paid"),
        ),
        "the rest was credited, and billing calls it paid in part": (
            invoice(2),
            payment(3, total="100.00 EUR"),
            credit(3),
            invoice(4, "partially_paid", paid="100.00 EUR"),
        ),
    },
    late=(invoice(29.5, "partially_paid", paid="70.00 EUR"),),
    amount="70 EUR",
    says=("INV-7", "partially paid", "70.00 EUR came in", "40.00 EUR received"),
    resolved_by=(invoice(40, "partially_paid", paid="70.00 EUR"),),
)

APPLIED_IN_THE_ERP = SETTLED._replace(
    # A bank transfer that no processor saw.
    story=(invoice(2), application(3, payment_ref="bank-1")),
    near_misses={
        "shown exactly at the deadline": (invoice(2), application(3, payment_ref="bank-1"), invoice(13, "paid")),
        "taken back": (
            invoice(2),
            application(3, payment_ref="bank-1"),
            application(12.9, payment_ref="bank-1", status="reversed"),
        ),
        "in part": (invoice(2), application(3, "50.00 EUR", "bank-1"), invoice(12, "partially_paid")),
    },
    owner_system="erp",
    says=("INV-7", "119.00 EUR", "bank-1", "open"),
)

CREDITED_TOO_LITTLE = SETTLED._replace(
    # What ERP and billing say of one credit memo is not added up.
    story=(
        invoice(2),
        payment(3, total="100.00 EUR"),
        credit(3, "10.00 EUR"),
        credit(3, "10.00 EUR", "billing"),
        invoice(4, "paid"),
    ),
    near_misses={
        "credited in full exactly at the deadline": (
            invoice(2),
            payment(3, total="100.00 EUR"),
            credit(3, "10.00 EUR"),
            invoice(4, "paid"),
            credit(13),
        ),
    },
    late=(credit(12.5),),
    amount="100 EUR",
    says=("INV-7", "partially paid", "100.00 EUR came in", "shows it as paid"),
    resolved_by=(credit(40),),
)

GIVEN_BACK_IN_PART = IN_PARTS._replace(
    # What is left was received long ago, and is right only since the rest went back.
    story=(
        invoice(2),
        payment(3, total="40.00 EUR"),
        payment(4, total="79.00 EUR", native_id="P2"),
        invoice(5, "paid", paid="119.00 EUR"),
        payment(20, "refunded", "79.00 EUR", "P2"),
    ),
    near_misses={
        "shown exactly at the deadline": (
            invoice(2),
            payment(3, total="40.00 EUR"),
            payment(4, total="79.00 EUR", native_id="P2"),
            invoice(5, "paid", paid="119.00 EUR"),
            payment(20, "refunded", "79.00 EUR", "P2"),
            invoice(30, "partially_paid", paid="40.00 EUR"),
        ),
        "an application was taken back, and shown in time": (
            invoice(2),
            payment(3, total="40.00 EUR"),
            application(4, "79.00 EUR", "bank-1"),
            invoice(5, "paid"),
            application(20, "79.00 EUR", "bank-1", "reversed"),
            invoice(30, "partially_paid"),
        ),
        "the application of a payment that was not given back was taken back": (
            invoice(2),
            payment(3),
            application(4),
            application(20, status="reversed"),
            invoice(13, "paid"),
        ),
        "paid after an attempt that failed, and given back": (
            invoice(2),
            payment(3, "failed"),
            payment(8, native_id="P2"),
            invoice(18, "paid"),
            payment(20, "refunded", native_id="P2"),
            invoice(30, "failed"),
        ),
    },
    late=(invoice(29.5, "partially_paid", paid="40.00 EUR"),),
    amount="40 EUR",
    says=("INV-7", "partially paid", "40.00 EUR came in", "119.00 EUR received"),
    resolved_by=(invoice(40, "partially_paid", paid="40.00 EUR"),),
)

DOSSIERS = (SETTLED, FAILED, IN_PARTS, APPLIED_IN_THE_ERP, CREDITED_TOO_LITTLE, GIVEN_BACK_IN_PART)

TOGGLES = Toggles(
    demand=lambda at: (payment(at),),
    withdraw=lambda at: (payment(at, "refunded"),),
    do=lambda at: (invoice(at, "paid"),),
    undo=lambda at: (invoice(at),),
    before=(invoice(2),),
)
