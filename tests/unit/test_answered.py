"""Since when a customer has had an obligation of a condition answered, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from streams.judge.answered import answered
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation, Told, Transition, Trigger
from streams.judge.process import first_met, met
from streams.kinds.finding import Finding
from streams.kinds.table import BY_NAME, Kind
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER

GOVERNANCE = five_systems()
DEADLINE, GRACE = BY_NAME["invoice_not_posted"], BY_NAME["invoice_amount_mismatch"]
SATISFIED = Finding(True, 3, "v", "erp", "posted", "posted", ())
MET = Obligation("met", Trigger(3, "other"), due=25)
"""As another obligation stands."""


def told(result: str, at: int, version: str = "v") -> Told:
    return Told(version, 3, result, at)


def ended(
    what: str, how: str = "", finding: Finding | None = SATISFIED, due: int = 10, at: int = 40, **more: Any
) -> Transition:
    return Transition(what, Trigger(3, "v"), due, at, finding, how, **more)


MISSED = ended("opened", amends="met")
"""By late evidence."""


class Kept:
    """What is kept of the condition, and other obligations beside the one that has a transition."""

    def __init__(self, first: int | None = None, kind: Kind = DEADLINE) -> None:
        self._ws, self._kind = Workspace(MemoryView()), kind
        if first is not None:
            met(self._ws, CUSTOMER, kind.condition, first)

    def beside(self, o: Obligation, row: str | None = None) -> Kept:
        self._ws.put(ObligationKey(CUSTOMER, row or self._kind.row, "billing", "I2").text(), o.as_json())
        return self

    def after(self, transition: Transition, o: Obligation = Obligation()) -> int | None:  # noqa: B008
        key = ObligationKey(CUSTOMER, self._kind.row, "billing", "I1")
        self._ws.put(key.text(), MET._replace(due=12).as_json())  # as it was before, which counts no more
        answered(self._ws, GOVERNANCE, self._kind, key, o, transition)
        return first_met(self._ws, CUSTOMER, self._kind.condition)


@pytest.mark.parametrize(
    ("transition", "kind", "since"),
    [
        (ended("met"), DEADLINE, 40),
        (ended("closed", "retracted"), DEADLINE, 40),  # it was answered when it was due
        (ended("closed", "retracted", None), DEADLINE, None),  # it was not demanded
        (ended("closed", "retracted"), GRACE, None),  # nothing differed
        (ended("closed", "self_healed"), DEADLINE, None),
        (ended("opened"), DEADLINE, None),
        (ended("withdrawn", "withdrawn", None), DEADLINE, None),
        (ended("met", baseline=True), DEADLINE, None),
    ],
)
def test_it_is_answered_once_it_is_met_or_shown_to_have_been(
    transition: Transition, kind: Kind, since: int | None
) -> None:
    assert Kept(kind=kind).after(transition) == since


@pytest.mark.parametrize("result", ["met", "retracted"])
@pytest.mark.parametrize("first", [10, 40])
def test_late_evidence_takes_back_what_counted_when_it_was_due_or_when_that_was_judged(result: str, first: int) -> None:
    assert Kept(first).after(ended("opened", amends=result)) is None


@pytest.mark.parametrize("result", ["met", "retracted"])
@pytest.mark.parametrize("first", [10, 20])
def test_so_does_another_end_of_a_trigger_of_which_that_is_told(result: str, first: int) -> None:
    """It comes back from another customer."""
    memory = Obligation(told=(told(result, 20),))

    assert Kept(first).after(ended("closed", "self_healed"), memory) is None


@pytest.mark.parametrize("result", ["missed", "late"])
def test_what_was_told_not_to_be_answered_takes_nothing_back(result: str) -> None:
    assert Kept(10).after(ended("closed", "self_healed", amends=result)) == 10
    assert Kept(10).after(ended("closed", "self_healed"), Obligation(told=(told(result, 10),))) == 10


def test_nothing_is_taken_back_that_another_brought_whom_nobody_remembers() -> None:
    assert Kept(7).after(MISSED) == 7


def test_nor_by_an_end_of_the_same_instant() -> None:
    assert Kept(40).after(ended("met", amends="met")) == 40


@pytest.mark.parametrize(
    ("other", "since"),
    [
        (MET, 25),
        (MET._replace(due=10), 10),  # at once with it
        (MET._replace(met_at=30), 30),
        (MET._replace(due=5), None),  # an earlier release did not count it
        (MET._replace(baseline=True), None),
        (MET._replace(status="armed"), None),
        (MET._replace(status="closed"), None),
        (Obligation(told=(told("late", 12), told("met", 15), told("met", 18))), 15),
    ],
)
def test_then_the_first_counts_that_another_has_answered_since(other: Obligation, since: int | None) -> None:
    assert Kept(10).beside(other).after(MISSED) == since


@pytest.mark.parametrize(
    ("own", "since"),
    [
        (Obligation("met", Trigger(20, "later"), due=30), None),  # as it stands is of the trigger that is judged
        (Obligation(told=(told("met", 20),)), None),
        (Obligation(told=(told("met", 20), told("met", 35, "w"))), 35),
    ],
)
def test_or_itself_by_another_trigger(own: Obligation, since: int | None) -> None:
    assert Kept(10).after(MISSED, own) == since


def test_rows_of_a_kind_count_for_its_condition_and_other_kinds_do_not() -> None:
    kind, sibling = BY_NAME["stuck_in_flight:invoice"], "stuck_in_flight:ledger_posting"

    assert Kept(10, kind).beside(MET, sibling).after(MISSED) == 25
    assert Kept(10, kind).beside(MET, DEADLINE.row).after(MISSED) is None
