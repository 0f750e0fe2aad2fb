"""What a source tells of before it was lost: a connector that has been away reads again what it missed. Behind what was
heard of it verdicts were given, so that is late."""

from __future__ import annotations

from typing import Any

import pytest

from streams.judge.keys import MARKS, REACHED
from streams.judge.reached import reached, regained, remember
from tables.view import MemoryView, Workspace
from tests.topology import Company, seconds_of
from tests.wanderers import KNOWN, Row, governed

KIND = "invoice_not_posted"
INVOICE = Row(4, "billing", "invoice", "I", "B", {"status": "Posted"})


def missed(late_retention_seconds: float) -> Company:
    """An invoice that was due in the ERP at 14, which has been heard up to 20."""
    company = Company(governed(late_retention_seconds, KIND))
    for row in (*KNOWN, INVOICE):
        company.row(row.system, row.object, row.id, row.at, row.customer, **row.fields)
    company.heard(20)
    return company


ENDS = {
    # of the drift: how, at which second; and what the audit was told
    0: ("self_healed", 20, ["missed", "late"]),
    30: ("retracted", 14, ["missed", "retracted"]),
}


@pytest.mark.parametrize("late_retention_seconds", ENDS)
@pytest.mark.parametrize("phase", ["gap", "snapshot", ""])
def test_what_it_tells_of_before_it_was_lost_amends_what_was_said(late_retention_seconds: int, phase: str) -> None:
    company = missed(late_retention_seconds)
    if phase:
        company.heard(0, "erp", phase=phase, epoch=1)
    company.row("erp", "ledger_posting", "P", 12, "E")
    company.heard(40, epoch=1 if phase else 0)

    (drift,) = company.drifts()
    assert (drift["how"], seconds_of(drift["closed_at"]), company.audited(KIND)) == ENDS[late_retention_seconds]


def test_and_so_does_what_a_new_epoch_has_not_come_to_yet() -> None:
    company = missed(30)
    company.heard(8, "erp", epoch=1)
    company.row("erp", "ledger_posting", "P", 12, "E")
    company.heard(40, epoch=1)

    (drift,) = company.drifts()
    assert (drift["how"], seconds_of(drift["closed_at"]), company.audited(KIND)) == ENDS[30]


def lost(**furthest: dict[str, int]) -> Workspace:
    ws = Workspace(MemoryView())
    ws.put(REACHED, {f"{system}/*": marks for system, marks in furthest.items()})
    return ws


@pytest.mark.parametrize(
    ("mark", "left"),
    [
        (None, {"erp/*": {"0": 30, "1": 40}, "crm/*": {"0": 50}}),
        (29, {"erp/*": {"0": 30, "1": 40}, "crm/*": {"0": 50}}),
        (30, {"erp/*": {"1": 40}, "crm/*": {"0": 50}}),
    ],
)
def test_how_far_it_was_is_remembered_until_it_is_heard_as_far_again(mark: int | None, left: dict[str, Any]) -> None:
    ws = lost(erp={"0": 30, "1": 40}, crm={"0": 50})
    regained(ws, "erp/*", 0, mark)

    assert ws.get(REACHED) == left


def test_with_the_last_nothing_is_left() -> None:
    ws = lost(erp={"0": 30})
    regained(ws, "erp/*", 0, 31)

    assert ws.get(REACHED) is None


def test_what_was_reached_follows_what_is_heard() -> None:
    ws = lost(erp={"0": 30})
    for mark in (None, 20, 40):
        ws.put(MARKS, {"erp/*": {"0": [1, "streaming", mark]}})
        assert reached(ws) is reached(ws)
        assert reached(ws) == {"erp/*": {"0": [1, "streaming", max(mark or 0, 30)]}}
    remember(ws, "erp/*", 0, [1, "streaming", 40], 2, "gap")

    assert reached(ws) == {"erp/*": {"0": [1, "streaming", 40]}}
