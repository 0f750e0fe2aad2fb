from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles
from tests.dossiers.payment_status_unpropagated import application, invoice, payment


def in_crm(at: float, payment_status: str | None = "open", status: str = "posted", total: str = "119.00 EUR") -> Change:
    return invoice(at, payment_status, status, "crm", total=total)


PAID = Dossier(
    kind="payment_status_not_shown",
    story=(invoice(2, "paid"), in_crm(2), payment(3)),
    opens_at=13,
    near_misses={
        "shown exactly at the deadline": (in_crm(2), payment(3), in_crm(13, "paid")),
        "the account view has no invoices": (invoice(2), payment(3)),
        "billing lags, the account view does not": (invoice(2), in_crm(2), payment(3), in_crm(12, "paid")),
        "still pending": (in_crm(2), payment(3, "pending")),
        "voided": (in_crm(2), payment(3), in_crm(12.9, status="voided")),
        "given back in time": (in_crm(2), payment(3), payment(12.9, "refunded")),
    },
    late=(in_crm(12.5, "paid"),),
    amount="119 EUR",
    owner_system="processor",
    owner_team="finance-systems",
    says=("INV-7", "119.00 EUR", "paid in crm", "ch_P1", "open"),
    resolved_by=(in_crm(40, "paid"),),
)

BOUNCED = PAID._replace(
    # A direct debit that came back after it was shown.
    story=(in_crm(2), payment(3), in_crm(5, "paid"), payment(20, "failed")),
    opens_at=30,
    near_misses={
        "shown exactly at the deadline": (
            in_crm(2),
            payment(3),
            in_crm(5, "paid"),
            payment(20, "failed"),
            in_crm(30, "failed"),
        ),
        "collected again": (
            in_crm(2),
            payment(3),
            in_crm(5, "paid"),
            payment(20, "failed"),
            payment(25, native_id="P2"),
        ),
        "the money came by another way": (
            in_crm(5, "paid"),
            payment(20, "failed"),
            application(22, payment_ref="bank-1"),
        ),
    },
    late=(in_crm(29.5, "failed"),),
    says=("INV-7", "failed in crm", "ch_P1", "paid"),
    resolved_by=(in_crm(40, "failed"),),
)

DOSSIERS = (PAID, BOUNCED)

TOGGLES = Toggles(
    demand=lambda at: (payment(at),),
    withdraw=lambda at: (payment(at, "refunded"),),
    do=lambda at: (in_crm(at, "paid"),),
    undo=lambda at: (in_crm(at),),
    before=(invoice(2, "paid"), in_crm(2)),
)
