"""An invoice that counts as overdue from the first second of the dossier's time, 1970-01-01, is due on 1969-12-28: the
three days that are waited for, and the day itself, are over."""

from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Toggles, change

LONG_DUE, JUST_NOT = "1969-12-28", "1969-12-29"


def account(at: float, delinquent: bool | None) -> Change:
    return change(at, "crm", "customer", "A", name="Acme GmbH", status="active", delinquent=delinquent)


def invoice(at: float, payment_status: str | None = "open", due_on: str | None = LONG_DUE, **more: Any) -> Change:
    stated = {"number": "INV-7", "status": "posted", "total": "119.00 EUR", "native_id": "I"} | more
    native_id = stated.pop("native_id")
    return change(at, "billing", "invoice", native_id, payment_status=payment_status, due_on=due_on, **stated)


def application(at: float, total: str = "119.00 EUR", status: str = "applied") -> Change:
    return change(at, "erp", "cash_application", "X", invoice_ref="INV-7", total=total, status=status)


def credit(at: float, total: str = "119.00 EUR", system: str = "erp", status: str = "posted") -> Change:
    return change(at, system, "credit_memo", "C", number="CM-1", invoice_ref="INV-7", total=total, status=status)


UNMARKED = account(2, False)

OVERDUE = Dossier(
    kind="delinquency_unpropagated",
    story=(UNMARKED, invoice(3), application(4, "19.00 EUR")),
    opens_at=13,
    near_misses={
        "marked exactly at the deadline": (UNMARKED, invoice(3), account(13, True)),
        "marked before": (account(2, True), invoice(3)),
        "paid before the deadline": (UNMARKED, invoice(3), invoice(12.9, "paid")),
        "applied in the ERP before billing knew": (UNMARKED, invoice(3), application(12.9)),
        "all but a cent is applied": (UNMARKED, invoice(3), application(4, "118.99 EUR")),
        "credited": (UNMARKED, invoice(3), application(4, "19.00 EUR"), credit(12.9, "100.00 EUR")),
        "credited by billing alone": (
            UNMARKED,
            invoice(3),
            application(4, "19.00 EUR"),
            credit(12.9, "100.00 EUR", "billing"),
        ),
        "a payment is under way": (UNMARKED, invoice(3, "pending")),
        "not overdue long enough": (UNMARKED, invoice(3, due_on=JUST_NOT)),
        "due on no day": (UNMARKED, invoice(3, due_on=None)),
        "a draft": (UNMARKED, invoice(3, status="draft")),
        "voided in time": (UNMARKED, invoice(3), invoice(12.9, status="voided")),
        "of nothing": (UNMARKED, invoice(3, total="0.00 EUR")),
        "the CRM has no such mark": (account(2, None), invoice(3)),
    },
    late=(account(12.5, True),),
    amount="100 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("account A", "100.00 EUR", "INV-7", "1969-12-28", "not marked"),
    resolved_by=(account(40, True),),
)

SEVERAL = OVERDUE._replace(
    # One mark for all of them: the sum of its currency is at stake.
    story=(
        UNMARKED,
        invoice(3),
        invoice(4, "failed", number="INV-8", native_id="J", total="50.00 EUR"),
        invoice(5, "partially_paid", number="INV-9", native_id="K", total="80.00 EUR", paid="30.00 EUR"),
        invoice(6, number="INV-10", native_id="L", total="70.00 USD"),
    ),
    near_misses={
        "marked exactly at the deadline": (UNMARKED, invoice(3), invoice(4, native_id="J"), account(13, True)),
        "the first was paid, the second has time": (
            UNMARKED,
            invoice(3),
            invoice(8, number="INV-8", native_id="J"),
            invoice(12, "paid"),
            account(18, True),
        ),
        "all were paid": (
            UNMARKED,
            invoice(3),
            invoice(4, number="INV-8", native_id="J"),
            invoice(12, "paid"),
            invoice(12, "paid", number="INV-8", native_id="J"),
        ),
    },
    amount="219 EUR",
    says=("219.00 EUR", "INV-7"),
)

UNMARKED_TOO_EARLY = OVERDUE._replace(
    story=(UNMARKED, invoice(3), account(5, True), account(20, False)),
    opens_at=30,
    near_misses={
        "marked again exactly at the deadline": (
            UNMARKED,
            invoice(3),
            account(5, True),
            account(20, False),
            account(30, True),
        ),
        "it was paid": (UNMARKED, invoice(3), account(5, True), invoice(19, "paid"), account(20, False)),
        "it was paid before the deadline": (
            UNMARKED,
            invoice(3),
            account(5, True),
            account(20, False),
            application(29),
        ),
    },
    late=(account(29.5, True),),
    amount="119 EUR",
    says=("119.00 EUR", "not marked"),
)

A_DAY_BEGINS = OVERDUE._replace(
    # No record changes when it becomes overdue: 1970-01-02 begins.
    story=(UNMARKED, invoice(3, due_on=JUST_NOT)),
    opens_at=86_410,
    near_misses={
        "marked exactly at the deadline": (UNMARKED, invoice(3, due_on=JUST_NOT), account(86_410, True)),
        "paid on the last day": (UNMARKED, invoice(3, due_on=JUST_NOT), invoice(86_399, "paid")),
        "due later still": (UNMARKED, invoice(3, due_on="1969-12-30")),
    },
    late=(account(86_409, True),),
    amount="119 EUR",
    says=("119.00 EUR", JUST_NOT),
    resolved_by=(account(86_440, True),),
    ends=87_000,
)

CREDITED_ONCE = OVERDUE._replace(
    # Billing and the ERP have the same memo: it credits half of the invoice, not all of it.
    story=(UNMARKED, invoice(3), credit(4, "59.50 EUR", "billing"), credit(5, "59.50 EUR")),
    near_misses={
        "credited in full by billing, which the ERP does not know yet": (
            UNMARKED,
            invoice(3),
            credit(12.9, system="billing"),
        ),
    },
    amount="59.5 EUR",
    says=("59.50 EUR", "INV-7"),
    late=(credit(12.5),),
)

DOSSIERS = (OVERDUE, SEVERAL, UNMARKED_TOO_EARLY, A_DAY_BEGINS, CREDITED_ONCE)

TOGGLES = Toggles(
    demand=lambda at: (invoice(at),),
    withdraw=lambda at: (invoice(at, "paid"),),
    do=lambda at: (account(at, True),),
    undo=lambda at: (account(at, False),),
    before=(UNMARKED,),
)
