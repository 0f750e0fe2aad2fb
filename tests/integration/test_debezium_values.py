"""Column values: digit for digit, whole or known to be unchanged."""

from __future__ import annotations

import pytest

from schemas.source import UNCHANGED
from tests.integration.captured import Captured, account, insert


def test_an_unchanged_toasted_value_arrives_whole(db: Captured) -> None:
    """REPLICA IDENTITY FULL logs it with the old image, and Debezium fills it in from there."""
    terms = _incompressible(20_000)
    account(db.writer, "T-1")
    _contract(db, "TC-1", "T-1", terms)
    db.writer.execute("UPDATE contract SET status = 'ended' WHERE id = 'TC-1'")
    db.settle()

    assert [(row.fields["status"], row.fields["terms_text"]) for row in db.rows("TC-1")] == [
        ("active", terms),
        ("ended", terms),
    ]


def test_a_toasted_value_that_was_not_logged_is_unchanged(db: Captured) -> None:
    """Somebody took REPLICA IDENTITY FULL away: the value is missing, and says so."""
    account(db.writer, "T-2")
    _contract(db, "TC-2", "T-2", _incompressible(20_000))
    db.writer.execute("ALTER TABLE contract REPLICA IDENTITY DEFAULT")
    db.writer.execute("UPDATE contract SET status = 'ended' WHERE id = 'TC-2'")
    db.writer.execute("ALTER TABLE contract REPLICA IDENTITY FULL")
    db.settle()

    assert db.rows("TC-2")[-1].fields["status"] == "ended"
    assert db.rows("TC-2")[-1].fields["terms_text"] == UNCHANGED


@pytest.mark.parametrize("amount", ["9999999999999999.99", "-9999999999999999.99", "0.00", "-0.01", "12.50"])
def test_an_amount_arrives_digit_for_digit(db: Captured, amount: str) -> None:
    customer = f"N{amount}"
    account(db.writer, customer)
    insert(
        db.writer,
        "payment",
        id=f"P{amount}",
        account_id=customer,
        status="settled",
        currency="EUR",
        amount=amount,
    )
    db.settle()

    assert [row.fields["amount"] for row in db.rows(f"P{amount}")] == [amount]


def test_columns_of_every_kind_arrive_as_exact_text(db: Captured) -> None:
    values = {
        "any_number": "1234567890123456789012345678901234567890.000000000000000000000000000001",
        "small_number": "0.1000",
        "whole": "9223372036854775807",
        "truth": "true",
        "day": "2024-02-29",
        "at": "2026-11-24T10:31:58.000001",
        "at_millis": "2026-11-24T10:31:58.123000",
        "at_zone": "2026-11-24T09:31:58.123456Z",
        "clock": "23:59:59.999999",
        "reading": "0.1",
        "words": '["a", "ö"]',
        "document": '{"a": 1.50}',
    }
    sent = values | {"at_zone": "2026-11-24 10:31:58.123456+01", "words": ["a", "ö"], "raw": b"\x00\xff"}
    insert(db.writer, "oddity", id="O-1", account_id="S-2", **sent)
    insert(db.writer, "oddity", id="O-2", account_id="S-2")
    db.settle()

    full, empty = db.rows("O-1", "O-2")
    assert full.fields == values | {"id": "O-1", "account_id": "S-2", "raw": "00ff"}
    assert empty.fields == dict.fromkeys(full.fields) | {"id": "O-2", "account_id": "S-2"}


def test_a_column_added_later_arrives(db: Captured) -> None:
    db.writer.execute("ALTER TABLE credit_memo ADD COLUMN reason text")
    account(db.writer, "C-1")
    insert(
        db.writer,
        "credit_memo",
        id="CM-1",
        account_id="C-1",
        number="CM-1",
        status="posted",
        currency="EUR",
        total_amount="5.00",
        reason="goodwill",
    )
    db.settle()

    assert db.rows("CM-1")[0].fields["reason"] == "goodwill"


def _contract(db: Captured, id_: str, customer: str, terms: str) -> None:
    insert(
        db.writer,
        "contract",
        id=id_,
        account_id=customer,
        number=id_,
        status="active",
        currency="EUR",
        value="12.50",
        starts_on="2026-02-28",
        term_months=12,
        terms_text=terms,
    )


def _incompressible(length: int) -> str:
    """Text that PostgreSQL cannot compress into the row, so that it is toasted."""
    state, letters = 1, []
    for _ in range(length):
        state = state * 6364136223846793005 % 2**64 + 1442695040888963407
        letters.append(chr(33 + (state >> 33) % 90))
    return "".join(letters)
