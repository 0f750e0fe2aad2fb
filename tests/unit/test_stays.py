"""To whom a version is told: its customer, and those to whom it belonged while it was lacking; asked directly."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.identify import keys, stays
from streams.identify.stays import Stay
from tables.versions import MOVED
from tables.view import MemoryView, Workspace
from tests.unit.test_rows_kept import GOVERNANCE, version

ROW = ("billing", "invoice", "I")
STAYS = (Stay("crm:A", 1, 20, 60), Stay("crm:B", 2, 60, 80))
Told = tuple[str, str, int, int, int | None, str | None]


def told(version: dict[str, Any]) -> list[Told]:
    """Record, customer, route, from when until when it counts, letter."""
    ws = Workspace(MemoryView())
    ws.put(keys.route_key("billing", "B/1"), {"canonical_id": "crm:C", "route_version": 3, "routed_at": 80})
    stays.tell(ws, GOVERNANCE, ROW, version, STAYS, "L")
    said = [(e.record, e.key, e.value or {}) for e in ws.effects if e.topic == topics.CHANGES]
    return [
        (record, key, v["route_version"], v["moved_at"] if record == "EntityMoved" else v["effective_at"],
         v.get("effective_until"), v.get("letter_id"))
        for record, key, v in said
    ]  # fmt: skip


HERE: Told = ("InvoiceChanged", "crm:C", 3, 80, None, "L")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (10, [("InvoiceChanged", "crm:A", 1, 20, 60, "L"), ("InvoiceChanged", "crm:B", 2, 60, 80, "L"), HERE]),
        (59, [("InvoiceChanged", "crm:A", 1, 59, 60, "L"), ("InvoiceChanged", "crm:B", 2, 60, 80, "L"), HERE]),
        (60, [("InvoiceChanged", "crm:B", 2, 60, 80, "L"), HERE]),
        (80, [HERE]),
        (90, [("InvoiceChanged", "crm:C", 3, 90, None, "L")]),
    ],
)
def test_it_is_told_to_everybody_for_as_long_as_it_was_his(at: int, expected: list[Told]) -> None:
    assert told(version(at)) == expected


def test_that_it_went_to_another_customer_is_told_likewise() -> None:
    assert told(version(70, MOVED)) == [
        ("EntityMoved", "crm:B", 2, 70, None, None),
        ("EntityMoved", "crm:C", 3, 80, None, None),
    ]


def test_where_no_hole_is_known_it_was_nobodys_before() -> None:
    assert (stays.of(None), stays.of({"opened_at": 1})) == ([], [])
    assert stays.of({"stays": [list(stay) for stay in STAYS]}) == list(STAYS)
