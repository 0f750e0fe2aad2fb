"""What is shown: exact amounts, readable times, nothing cut."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from schemas.instants import NEVER
from streams.look.hexdump import hexdump
from streams.look.shown import age, jsonable, money, table
from tests.look import micros


def test_json_has_decimals_as_text_and_instants_as_iso_times() -> None:
    value = {
        "amount": {"amount": Decimal("12.500000000"), "currency": "EUR"},
        "opened_at": 1_500_000,
        "closed_at": None,
        "settled_at": NEVER,
        "revision": 1_500_000,
        "watermarks": {"crm/*": 2_000_001},
        "evidence": [{"committed_at": 0, "value": "7"}],
        "original_value": b"\x00\xff",
        "stale": True,
    }

    assert jsonable(value) == {
        "amount": {"amount": "12.5", "currency": "EUR"},
        "opened_at": "1970-01-01T00:00:01.500000Z",
        "closed_at": None,
        "settled_at": None,
        "revision": 1_500_000,
        "watermarks": {"crm/*": "1970-01-01T00:00:02.000001Z"},
        "evidence": [{"committed_at": "1970-01-01T00:00:00Z", "value": "7"}],
        "original_value": "00ff",
        "stale": True,
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.9, "0 s"), (59, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_061, "1 d 1 h"), (-4, "0 s"), (-9, "ahead")],
)
def test_an_age_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert age(0, micros(seconds)) == text


def test_what_never_was_has_no_age() -> None:
    assert age(None, 0) == age(NEVER, 0) == "never"


def test_money_of_records_and_of_state_reads_alike() -> None:
    assert money({"amount": Decimal("1234.500000000"), "currency": "EUR"}) == "1234.5 EUR"
    assert money({"amount": "1234.5", "currency": "EUR"}) == "1234.5 EUR"
    assert money(None) == ""


def test_a_hexdump_shows_offset_bytes_and_text_and_says_what_it_leaves_out() -> None:
    lines = list(hexdump(b"\x00Account Name 123" + b"x" * 20, limit=32))

    assert lines[0] == "00000000  00 41 63 63 6f 75 6e 74 20 4e 61 6d 65 20 31 32  .Account Name 12"
    assert lines[1].startswith("00000010  33 78")
    assert lines[2] == "... 5 more bytes"


ROWS = [("S1", "invoice_not_posted", "billing/invoice/I-1", "950 EUR", "·"), ("S2", "won", "crm/o/1", "", "3")]
COLUMNS = ("severity", "kind", "subject", "at stake", "unknown")


def printed(width: int) -> list[str]:
    out = Console(file=StringIO(), width=width, markup=False, highlight=False)
    out.print(table(COLUMNS, ROWS, title="2 drifts", head=3))
    assert isinstance(out.file, StringIO)
    return [line.rstrip() for line in out.file.getvalue().splitlines() if line.strip()]


def test_a_table_that_would_break_words_is_told_row_by_row() -> None:
    assert [len(line.split()) for line in printed(80)] == [2, 6, 1, 6, 4]
    assert printed(50) == [
        "2 drifts",
        "S1  invoice_not_posted  billing/invoice/I-1",
        "    at stake 950 EUR",
        "S2  won  crm/o/1",
        "    unknown 3",
    ]


def test_what_has_to_wrap_wraps_between_words_and_not_in_the_widest_of_them() -> None:
    out = Console(file=StringIO(), width=80, markup=False, highlight=False)
    columns = ("kind", "deadline or grace", "verdict horizon", "mode")
    row = ("invoice_before_customer:ledger_posting", "30 min of difference", "not observed", "propose")
    out.print(table(columns, [row]))

    assert isinstance(out.file, StringIO)
    assert {*" ".join(columns).split(), *" ".join(row).split()} <= set(out.file.getvalue().split())


def test_what_lacks_little_is_not_wrapped_for_what_wraps_anyway() -> None:
    out = Console(file=StringIO(), width=50, markup=False, highlight=False)
    out.print(table(("subject", "at stake", "found"), [("billing/invoice/I-1", "900 EUR", "no posting refers " * 4)]))

    assert isinstance(out.file, StringIO)
    assert "900 EUR" in out.file.getvalue()


def test_days_and_moments_of_a_record_are_told_to_programs() -> None:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)

    assert jsonable({"due_on": moment.date(), "changed": moment}) == {
        "due_on": "2026-03-02",
        "changed": "2026-03-02T09:00:00+00:00",
    }
