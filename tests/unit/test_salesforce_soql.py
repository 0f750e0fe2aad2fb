"""The simulator's SOQL answers and refuses as the platform does."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.salesforce.simulator import query, soql
from connectors.salesforce.simulator.errors import ApiError


def opportunity(name: str, **fields: Any) -> dict[str, Any]:
    blank = {"AccountId": None, "Amount": None, "CloseDate": None, "IsWon": False, "StageName": None}
    return {"Id": f"006000000{name:0>6}AAA", "Name": name, "SystemModstamp": None, **blank, **fields}


ROWS = [
    opportunity("one", Amount=Decimal("10.50"), IsWon=True, SystemModstamp=datetime(2026, 1, 1, tzinfo=UTC)),
    opportunity("Two", Amount=Decimal("9.00"), SystemModstamp=datetime(2026, 1, 2, tzinfo=UTC)),
    opportunity("three", CloseDate=date(2026, 3, 1), SystemModstamp=datetime(2026, 1, 2, tzinfo=UTC)),
]


def names(where: str) -> list[str]:
    parsed = soql.parse(f"SELECT Name FROM Opportunity {where}")
    return [row["Name"] for row in query.run(parsed, ROWS)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", ["one", "Two", "three"]),
        ("WHERE IsWon = true", ["one"]),
        ("WHERE Name = 'two'", ["Two"]),
        ("WHERE Name IN ('one', 'three')", ["one", "three"]),
        ("WHERE Name NOT IN ('one')", ["Two", "three"]),
        ("WHERE Amount = null", ["three"]),
        ("WHERE Amount != null", ["one", "Two"]),
        ("WHERE Amount != 9", ["one", "three"]),
        ("WHERE Amount < 10", ["Two"]),
        ("WHERE CloseDate >= 2026-03-01", ["three"]),
        ("WHERE SystemModstamp > 2026-01-01T12:00:00+00:00", ["Two", "three"]),
        ("WHERE SystemModstamp <= 2026-01-01T01:00:00+01:00", ["one"]),
        ("WHERE Amount > 1 AND (Name = 'one' OR IsWon = false)", ["one", "Two"]),
        ("where (amount = 9.00) or (closedate = 2026-03-01)", ["Two", "three"]),
        ("ORDER BY Name", ["Two", "one", "three"]),
        ("ORDER BY SystemModstamp DESC, Name DESC", ["three", "Two", "one"]),
        ("ORDER BY Amount", ["three", "Two", "one"]),
        ("ORDER BY Amount NULLS LAST LIMIT 2", ["Two", "one"]),
        ("LIMIT 0", []),
    ],
)
def test_finds(where: str, expected: list[str]) -> None:
    assert names(where) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT Name FROM Opportunity WHERE IsWon = true AND Name = 'a' OR Name = 'b'", "MALFORMED_QUERY"),
        ("SELECT Name FROM Opportunity WHERE", "MALFORMED_QUERY"),
        ("SELECT Name FROM Opportunity LIMIT many", "MALFORMED_QUERY"),
        ("SELECT Name FROM Opportunity WHERE Name = 'open", "MALFORMED_QUERY"),
        ("SELECT Name Opportunity", "MALFORMED_QUERY"),
        ("SELECT Name FROM Opportunity extra", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
        ("SELECT Nmae FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Name FROM Opportunity WHERE Nmae = 'a'", "INVALID_FIELD"),
        ("SELECT Name FROM Opportunity ORDER BY Nmae", "INVALID_FIELD"),
        ("SELECT Name FROM Opportunity WHERE SystemModstamp > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Name FROM Opportunity WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Name FROM Deal", "INVALID_TYPE"),
    ],
)
def test_refuses_with_the_platforms_code(text: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        query.run(soql.parse(text), ROWS)

    assert refused.value.code == code


def test_a_quote_in_a_string_is_escaped_with_a_backslash() -> None:
    parsed = soql.parse(r"SELECT Name FROM Account WHERE Name = 'O\'Brien \\ Co'")

    assert parsed.where == soql.Comparison("Name", "=", r"O'Brien \ Co")
