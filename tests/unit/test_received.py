"""What was received for an invoice, by the processor's payments and the ERP's cash applications."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.kinds.received import Received, received
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import found, looking, record


def payment(at: float = 3, total: str | None = "100.00 EUR", native_id: str = "P", **told: Any) -> Change:
    stated = {"reference": f"ch_{native_id}", "invoice_ref": "N-1", "status": "settled"}
    return record("processor", "payment", native_id, at, **{**stated, "total": total, **told})


def applied(at: float = 4, total: str | None = "100.00 EUR", ref: str | None = "bank", **told: Any) -> Change:
    stated = {"payment_ref": ref, "invoice_ref": "N-1", "status": "applied"}
    return record("erp", "cash_application", told.pop("native_id", "X"), at, **{**stated, "total": total, **told})


def money(*records: Change, total: str | None = "100.00 EUR", tolerated: str = "0.01") -> Received | None:
    now = looking(five_systems(), 50, record("billing", "invoice", "I", number="N-1", total=total), *records)
    return received(now, found(now, "billing", "invoice", "I"), Decimal(tolerated))


def told(got: Received | None) -> tuple[str, str, int, str] | None:
    return (got.status, str(got.amount), got.decided.at, got.by.native_id) if got else None


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((), None),
        ((payment(),), ("paid", "100.00", 3, "P")),
        ((payment(total="99.99 EUR"),), ("paid", "99.99", 3, "P")),
        ((payment(total="99.98 EUR"),), ("partially_paid", "99.98", 3, "P")),
        ((payment(status="disputed"),), ("paid", "100.00", 3, "P")),
        ((payment(status="pending"),), None),
        ((payment(status="refunded"),), None),
        ((payment(invoice_ref="N-2"),), None),
        ((applied(),), ("paid", "100.00", 4, "X")),
        ((applied(status="reversed"),), None),
        # An application of a payment is that payment; the processor says how much, whoever tells it first.
        ((payment(5), applied(4, "99.00 EUR", "ch_P")), ("paid", "100.00", 4, "X")),
        ((payment(3), applied(4, "99.00 EUR", "ch_P")), ("paid", "100.00", 3, "P")),
        ((payment(3, "60.00 EUR"), applied(4, "40.00 EUR")), ("paid", "100.00", 4, "X")),
        ((payment(3, "60.00 EUR", "P2"), payment(3, "20.00 EUR", "P1")), ("partially_paid", "80.00", 3, "P2")),
        ((payment(7, "60.00 EUR", "P1"), payment(3, "20.00 EUR", "P2")), ("partially_paid", "80.00", 7, "P1")),
        # The payment was taken back, its application not: then that stands by itself.
        ((payment(status="pending"), applied(4, "30.00 EUR", "ch_P")), ("partially_paid", "30.00", 4, "X")),
        (
            (payment(status="pending"), applied(4, "30.00 EUR", "ch_P"), applied(6, "9.00 EUR", "ch_P", native_id="W")),
            ("partially_paid", "39.00", 4, "X"),
        ),
        ((payment(reference=None), applied(4, "9.00 EUR", None)), ("paid", "109.00", 4, "X")),
        ((payment(total=None),), ("partially_paid", "0", 3, "P")),
    ],
)
def test_money_is_counted_once_and_the_last_of_it_decides(
    records: tuple[Change, ...], expected: tuple[str, str, int, str] | None
) -> None:
    assert told(money(*records)) == expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((payment(3, status="failed"),), ("failed", "0", 3, "P")),
        ((payment(3, status="failed"), payment(5, native_id="P2", status="pending")), None),
        ((payment(3, status="failed"), payment(5, native_id="P1", status="failed")), ("failed", "0", 5, "P1")),
        ((payment(3, status="failed"), payment(3, native_id="P2", status="failed")), ("failed", "0", 3, "P2")),
        ((payment(3, status="failed"), payment(2, "9.00 EUR", "P2")), ("partially_paid", "9.00", 2, "P2")),
    ],
)
def test_what_failed_counts_where_nothing_came_in_and_nothing_is_under_way(
    records: tuple[Change, ...], expected: tuple[str, str, int, str] | None
) -> None:
    assert told(money(*records)) == expected


@pytest.mark.parametrize(
    "records",
    [
        (payment(total="100.00 USD"),),
        (payment(), applied(total="1.00 USD")),
        (payment(), payment(4, "1.00 USD", "P2", status="failed")),
    ],
)
def test_in_another_currency_nothing_can_be_told(records: tuple[Change, ...]) -> None:
    assert money(*records) is None


def test_nor_of_an_invoice_without_an_amount() -> None:
    assert money(payment(), total=None) is None
