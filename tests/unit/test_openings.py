"""Which openings of one obligation count for its flapping, and for how long."""

from __future__ import annotations

import pytest

from schemas.instants import ALWAYS, SECOND
from streams.governance.process import Flapping, Process
from streams.judge.obligation import Obligation, Transition, Trigger
from streams.judge.openings import calm_at, counted, flaps
from streams.kinds.asof import AsOf
from streams.kinds.quarrel import NAME
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER

KIND, NOW, WINDOW = "invoice_not_posted", 100, 60
FLAPPING = Flapping(openings=2, window_seconds=WINDOW / SECOND)
GOVERNANCE = five_systems().model_copy(update={"judged": (KIND, NAME), "process": Process(flapping=FLAPPING)})


def told(
    what: str = "opened", at: int = NOW, how: str = "", *, baseline: bool = False, opened_at: int = 0
) -> Transition:
    drift = {"opened_at": opened_at} if opened_at else None
    return Transition(what, Trigger(1, "v1"), at, at, None, how, baseline, drift)


def openings(
    *transitions: Transition, known: tuple[int, ...] = (), kind: str = KIND, judged: tuple[str, ...] = (KIND, NAME)
) -> tuple[int, ...]:
    governance = GOVERNANCE.model_copy(update={"judged": judged, "derived": {}})
    now = AsOf(Workspace(MemoryView()), governance, CUSTOMER, NOW)
    return counted(now, BY_NAME[kind], Obligation("open", openings=known), list(transitions)).openings


def test_what_opens_is_counted_once() -> None:
    assert openings(told()) == (NOW,)
    assert openings(told(), known=(50, 90)) == (50, 90, NOW)
    assert openings(told(), known=(NOW,)) == (NOW,)


def test_what_stood_before_the_cut_over_is_not() -> None:
    assert openings(told(baseline=True)) == ()


@pytest.mark.parametrize("what", ["closed", "met", "withdrawn", "ignored"])
def test_nor_is_anything_else_that_is_told(what: str) -> None:
    assert openings(told(what), known=(90,)) == (90,)


def test_it_counts_for_a_window() -> None:
    assert openings(known=(NOW - WINDOW - 1, NOW - WINDOW, NOW - WINDOW + 1)) == (NOW - WINDOW + 1,)


def test_what_never_was_a_drift_is_not_counted_any_more() -> None:
    assert openings(told("closed", 90, "retracted"), known=(50, 90)) == (50,)
    assert openings(told("closed", 90, "self_healed"), known=(50, 90)) == (50, 90)


def test_what_went_to_another_customer_opens_there() -> None:
    assert openings(told("closed", how="moved", opened_at=90), known=(50, 90)) == (50,)
    assert openings(told("withdrawn", how="moved"), known=(50, 90)) == (50, 90)
    assert openings(told("closed", how="withdrawn", opened_at=90), known=(50, 90)) == (50, 90)


def test_nothing_is_counted_of_flapping_itself_or_where_that_is_not_judged() -> None:
    assert openings(told(), known=(90,), kind=NAME) == ()
    assert openings(told(), known=(90,), judged=(KIND,)) == ()
    assert openings(told(), kind=NAME) == openings(told(), judged=(KIND,)) == ()


@pytest.mark.parametrize(("known", "too_often"), [((), False), ((1, 2), False), ((1, 2, 3), True)])
def test_more_than_are_allowed_are_too_many(known: tuple[int, ...], too_often: bool) -> None:
    assert flaps(GOVERNANCE, Obligation(openings=known)) is too_often


def test_it_is_calm_a_window_after_the_last() -> None:
    assert calm_at(Obligation(openings=(50, 90)), FLAPPING) == 90 + WINDOW
    assert calm_at(Obligation(), FLAPPING) == ALWAYS
