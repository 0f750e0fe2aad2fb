"""What a row that was read means, given what was produced of it before."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.salesforce.objects import PolledObject
from connectors.salesforce.rows import Known, Row, forgotten, known_after, row_of, steps_for

OPPORTUNITY = PolledObject("Opportunity", "AccountId", ("Amount", "IsWon", "CloseDate"))


def row(customer: str = "A", at: int = 10, deleted: bool = False, amount: str = "1") -> Row:
    fields = {"AccountId": customer, "Amount": amount, "SystemModstamp": str(at), "IsDeleted": str(deleted)}
    return Row("006", customer, at, "005", deleted, fields)


def steps(new: Row, old: Row | Known | None) -> list[tuple[str, str]]:
    return [tuple(step) for step in steps_for(new, known_after(old) if isinstance(old, Row) else old)]


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        pytest.param(row(), None, [("upsert", "A")], id="a new row"),
        pytest.param(row(deleted=True), None, [("delete", "A")], id="a row first seen in the recycle bin"),
        pytest.param(row(), row(), [], id="an unchanged row"),
        pytest.param(row(at=11), row(at=10), [("upsert", "A")], id="a changed row"),
        pytest.param(row(amount="2"), row(), [("upsert", "A")], id="other content within the same second"),
        pytest.param(row(at=9, amount="2"), row(at=10), [], id="an image older than the one produced"),
        pytest.param(row("B", 11), row("A"), [("moved_out", "A"), ("moved_in", "B")], id="another customer"),
        pytest.param(row("", 11), row("A"), [("moved_out", "A"), ("moved_in", "")], id="no customer any more"),
        pytest.param(row(at=11, deleted=True), row(), [("delete", "A")], id="deleted"),
        pytest.param(row("B", 11, True), row("A"), [("moved_out", "A"), ("delete", "B")], id="moved and deleted"),
        pytest.param(row(at=12), row(at=11, deleted=True), [("upsert", "A")], id="restored"),
    ],
)
def test_steps(new: Row, old: Row | None, expected: list[tuple[str, str]]) -> None:
    assert steps(new, old) == expected


def test_a_deletion_told_by_the_log_is_not_told_again_by_the_recycle_bin() -> None:
    gone = forgotten(known_after(row(at=10)), 20)

    assert steps(row(at=20, deleted=True), gone) == []


def test_an_image_from_before_its_deletion_does_not_bring_a_row_back() -> None:
    gone = forgotten(known_after(row(at=10)), 20)

    assert steps(row(at=20, amount="2"), gone) == []
    assert steps(row(at=21), gone) == [("upsert", "A")]


def test_a_log_entry_older_than_a_restored_row_is_no_news() -> None:
    assert forgotten(known_after(row(at=30)), 20) is None
    assert forgotten(known_after(row(at=30, deleted=True)), 40) is None


def test_fields_travel_as_exact_text() -> None:
    record: dict[str, Any] = {
        "Id": "006Hp",
        "SystemModstamp": "2026-03-02T12:00:00.000+0000",
        "IsDeleted": False,
        "CreatedDate": "2026-03-01T12:00:00.000+0000",
        "LastModifiedDate": "2026-03-02T12:00:00.000+0000",
        "LastModifiedById": "005Hp",
        "AccountId": None,
        "Amount": Decimal("1.50E+6"),
        "IsWon": True,
        "CloseDate": "2026-03-31",
    }

    read = row_of(OPPORTUNITY, record)

    assert read.customer == ""
    assert read.changed_by == "005Hp"
    assert read.modified_at == 1_772_452_800_000_000
    assert {name: read.fields[name] for name in ("AccountId", "Amount", "IsWon", "CloseDate")} == {
        "AccountId": None,
        "Amount": "1500000",
        "IsWon": "true",
        "CloseDate": "2026-03-31",
    }


def test_the_index_entry_survives_json() -> None:
    for known in (known_after(row()), known_after(row(deleted=True))):
        assert Known.from_json(known.to_json()) == known
