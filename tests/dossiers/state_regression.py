from __future__ import annotations

from tests.dossiers.model import Change, Dossier, change


def invoice(at: float, status: str, payment_status: str = "open", total: str = "119.00 EUR") -> Change:
    return change(
        at, "billing", "invoice", "I", number="INV-7", status=status, payment_status=payment_status, total=total
    )


def refund(at: float, status: str = "settled", invoice_ref: str = "INV-7") -> Change:
    return change(at, "processor", "refund", "F", invoice_ref=invoice_ref, status=status, total="119.00 EUR")


def posting(at: float, status: str) -> Change:
    return change(
        at,
        "erp",
        "ledger_posting",
        "L",
        document_type="invoice",
        document_ref="INV-7",
        status=status,
        total="119.00 EUR",
    )


def subscription(at: float, status: str) -> Change:
    return change(at, "billing", "subscription", "S", number="S-1", status=status, total_value="1200.00 EUR")


PAID = (invoice(3, "posted"), invoice(5, "paid", "paid"))

DOSSIERS = (
    Dossier(
        kind="state_regression",
        story=(*PAID, invoice(8, "posted")),
        opens_at=8,
        near_misses={
            "refunded in the same instant": (*PAID, refund(8), invoice(8, "posted")),
            "refunded before": (*PAID, refund(7), invoice(8, "posted")),
            "voided, which lies ahead": (*PAID, invoice(8, "voided", "paid")),
            "a state outside the order": (*PAID, invoice(8, "disputed", "failed")),
            "only its amount changed": (*PAID, invoice(8, "paid", "paid", "120.00 EUR")),
            "first seen as it is": (invoice(8, "posted"),),
        },
        late=(refund(8),),
        amount="119 EUR",
        owner_system="billing",
        owner_team="finance-systems",
        says=(
            "invoice INV-7",
            "billing",
            "went back from paid to posted",
            "payment status went back from paid to open",
        ),
        resolved_by=(invoice(40, "paid", "paid"),),
        subject=("billing", "invoice", "I"),
    ),
    Dossier(
        # A chargeback is told late; a refund that failed explains nothing.
        kind="state_regression",
        story=(*PAID, refund(6, "failed"), refund(7, "failed", "INV-8"), invoice(8, "posted", "paid")),
        opens_at=8,
        near_misses={
            "its payment is disputed": (
                *PAID,
                change(8, "processor", "payment", "P", invoice_ref="INV-7", status="disputed", total="119.00 EUR"),
                invoice(8, "posted"),
            ),
            "its cash was unapplied": (
                *PAID,
                change(7, "erp", "cash_application", "C", invoice_ref="INV-7", status="reversed", total="119.00 EUR"),
                invoice(8, "posted"),
            ),
            "credited": (
                *PAID,
                change(7, "billing", "credit_memo", "M", invoice_ref="INV-7", status="posted", total="119.00 EUR"),
                invoice(8, "posted"),
            ),
        },
        late=(change(8, "processor", "payment", "P", invoice_ref="INV-7", status="disputed", total="119.00 EUR"),),
        amount="119 EUR",
        owner_system="billing",
        owner_team="finance-systems",
        says=("INV-7", "went back from paid to posted"),
        resolved_by=(refund(30),),
        subject=("billing", "invoice", "I"),
    ),
)
