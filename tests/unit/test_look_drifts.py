"""Drifts: one record an id, worst first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from streams.look.drifts import one_an_id, read_drifts, selected
from tests.look import DriverCluster, drift, micros
from tests.topology import linked_late


def euros(amount: str) -> dict[str, Any]:
    return {"amount": Decimal(amount), "currency": "EUR", "basis": "gross"}


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [d["drift_id"] for d in found]


def test_worst_is_the_highest_severity_then_the_largest_amount() -> None:
    found = [
        drift("small", amount_at_stake=euros("5")),
        drift("mild", severity="S3", amount_at_stake=euros("900")),
        drift("credit", amount_at_stake=euros("-700")),
        drift("unpriced"),
    ]

    assert ids(selected(found)) == ["credit", "small", "unpriced", "mild"]


def test_only_what_is_open_unless_all_is_asked_for() -> None:
    found = [
        drift("open"),
        drift("closed", status="closed", how="corrected", closed_at=1),
        drift("base", status="baseline"),
    ]

    assert ids(selected(found)) == ["open"]
    assert sorted(ids(selected(found, all_=True))) == ["base", "closed", "open"]


def test_a_kind_is_chosen_by_name_or_number() -> None:
    found = [drift("a"), drift("b", kind="source_stale", kind_number="M3")]

    assert ids(selected(found, kind="8")) == ids(selected(found, kind="invoice_not_posted")) == ["a"]
    assert ids(selected(found, kind="M3")) == ["b"]


def test_a_customer_is_chosen_by_canonical_id() -> None:
    assert ids(selected([drift("a"), drift("b", canonical_id="crm:B")], customer="crm:B")) == ["b"]


def test_of_a_moved_drift_the_open_record_wins_in_either_order() -> None:
    records = [
        drift("d", canonical_id="billing:B", status="closed", how="moved", closed_at=micros(50)),
        drift("d", canonical_id="crm:A"),
    ]

    for order in (records, records[::-1]):
        assert [d["canonical_id"] for d in one_an_id(order)] == ["crm:A"]


def test_of_a_moved_drift_that_has_ended_the_end_wins_over_the_move() -> None:
    records = [
        drift("d", status="closed", how="self_healed", closed_at=micros(60)),
        drift("d", status="closed", how="moved", closed_at=micros(60)),
    ]

    assert [d["how"] for d in one_an_id(records)] == ["self_healed"]


def test_a_link_that_comes_late_leaves_one_open_drift() -> None:
    company = linked_late()

    found = selected(read_drifts(DriverCluster(company.driver)), all_=True, kind="invoice_not_posted")

    assert [(d["canonical_id"], d["status"]) for d in found] == [("crm:A", "open")]
