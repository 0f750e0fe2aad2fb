"""What an obligation remembers of what the audit was told, for how long, and what late evidence makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS, NEVER, SECOND
from streams.judge import told
from streams.judge.obligation import Obligation, Told, Transition, Trigger
from tests.dossiers.stage import five_systems

SPAN = 100
GOVERNANCE = five_systems().model_copy(update={"late_retention_seconds": SPAN / SECOND})
NO_LATE = GOVERNANCE.model_copy(update={"late_retention_seconds": 0})
FIRST, SECOND_ = Told("v1", 1, "met", 10), Told("v2", 11, "late", 20)
KNOWN = Obligation(told=(FIRST, SECOND_), settled=50)


def transition(version: str = "v1", began: int = 1, at: int = 30) -> Transition:
    return Transition("met", Trigger(began, version), at, at, None)


@pytest.mark.parametrize(("at", "known"), [(109, FIRST), (110, None), (200, None)])
def test_what_was_told_of_a_trigger_counts_for_as_long_as_late_evidence_may_come(at: int, known: Told | None) -> None:
    assert told.of(GOVERNANCE, KNOWN, transition(at=at)) == known


@pytest.mark.parametrize(("until", "known"), [(200, FIRST), (199, None)])
def test_what_late_evidence_has_judged_again_amends_whatever_is_kept(until: int, known: Told | None) -> None:
    assert told.of(GOVERNANCE, KNOWN._replace(recalled_until=until), transition(at=200)) == known


def test_of_another_trigger_nothing_was_told() -> None:
    assert told.of(GOVERNANCE, KNOWN._replace(recalled_until=30), transition("v3")) is None
    assert told.of(GOVERNANCE, KNOWN, transition("v2")) == SECOND_


def test_what_is_told_is_remembered_once_in_the_order_of_its_end() -> None:
    assert told.with_told(KNOWN, transition("v3", 2, 15), "met").told == (FIRST, Told("v3", 2, "met", 15), SECOND_)
    assert told.with_told(KNOWN, transition("v1", 1, 30), "late").told == (SECOND_, Told("v1", 1, "late", 30))


def test_unless_it_is_demanded_still() -> None:
    still = KNOWN._replace(trigger=Trigger(1, "v1"))

    assert told.with_told(still, transition(), "late") == still


def test_the_newest_are_remembered() -> None:
    o = Obligation()
    for number in range(told.KEPT + 2):
        o = told.with_told(o, transition(f"v{number}", number, number), "met")

    assert [each.version for each in o.told] == [f"v{number}" for number in range(2, told.KEPT + 2)]


MET = Obligation("met", Trigger(5, "v5"), due=15, settled=15)
NEXT = MET._replace(status="armed", trigger=Trigger(30, "v30"), settled=30)


@pytest.mark.parametrize(
    ("before", "result"),
    [
        (MET, "met"),
        (MET._replace(status="closed"), "late"),
        (MET._replace(amends="retracted"), "retracted"),
        (MET._replace(baseline=True), "baseline"),
    ],
)
def test_what_was_answered_is_remembered_when_another_takes_its_place_or_none(before: Obligation, result: str) -> None:
    for after in (NEXT, NEXT._replace(status="idle", trigger=None)):
        assert told.left_behind(before, after) == after._replace(told=(Told("v5", 5, result, 30),))


@pytest.mark.parametrize("status", ["idle", "waiting", "armed", "open"])
def test_of_what_was_not_nothing_is_remembered_so(status: str) -> None:
    assert told.left_behind(MET._replace(status=status), NEXT) == NEXT


def test_nor_of_what_stays_or_never_was() -> None:
    assert told.left_behind(MET, MET._replace(settled=30)) == MET._replace(settled=30)
    assert told.left_behind(MET._replace(trigger=None), NEXT) == NEXT


def test_nor_of_what_was_told_at_another_customer() -> None:
    assert told.left_behind(MET._replace(elsewhere="v5"), NEXT) == NEXT
    assert told.left_behind(MET._replace(elsewhere="v4"), NEXT).told == (Told("v5", 5, "met", 30),)


@pytest.mark.parametrize(("now", "at"), [(50, 120), (119, 120), (120, 220), (130, 230)])
def test_it_is_looked_through_once_late_evidence_may_reach_none_of_it(now: int, at: int) -> None:
    assert told.looked_through_at(GOVERNANCE, KNOWN, now) == at
    assert told.looked_through_at(GOVERNANCE, Obligation(), now) == ALWAYS


@pytest.mark.parametrize(
    ("now", "frontier", "left"),
    [
        (119, 50, (FIRST, SECOND_)),  # not looked through yet
        (120, 10, (FIRST, SECOND_)),
        (120, 11, (SECOND_,)),
        (120, 20, (SECOND_,)),
        (120, 21, ()),
    ],
)
def test_what_no_late_evidence_reaches_is_forgotten(now: int, frontier: int, left: tuple[Told, ...]) -> None:
    assert told.still_told(GOVERNANCE, KNOWN, now, lambda: frontier).told == left


def test_what_late_evidence_has_judged_again_is_not_forgotten_before_that_is_done() -> None:
    again = KNOWN._replace(recalled_until=120)

    assert told.still_told(GOVERNANCE, again, 120, lambda: 21) == again
    assert told.still_told(GOVERNANCE, again, 121, lambda: 21) == KNOWN._replace(told=())
    assert told.still_told(NO_LATE, again, 120, lambda: NEVER) == KNOWN._replace(told=())


def test_what_ended_behind_the_frontier_is_forgotten_as_late_evidence_comes() -> None:
    value = memory((1, 10), (11, 20))

    assert told.remembered(value, 10) == value
    assert told.remembered(value, 11) == {**value, "told": [["v11", 11, "met", 20]]}
    assert told.remembered(value, 21) == {"settled": 50}
    assert told.remembered(value, ALWAYS) == value
    assert told.remembered({"settled": 5}, 21) == {"settled": 5}


def test_where_there_is_no_late_evidence_all_of_it_is() -> None:
    assert told.still_told(NO_LATE, KNOWN, 20, lambda: NEVER).told == ()
    assert told.still_told(NO_LATE, KNOWN, 19, lambda: NEVER) == KNOWN
    assert told.still_told(GOVERNANCE, Obligation(), 500, lambda: ALWAYS) == Obligation()


def memory(*ends: tuple[int, int], **more: Any) -> dict[str, Any]:
    """Of what (began, ended)."""
    return {"told": [[f"v{began}", began, "met", at] for began, at in ends], "settled": 50, **more}


def again(value: dict[str, Any], at: int, kept_from: int = NEVER, clock: str = "grace") -> int | None:
    """From when on it is judged again."""
    found = told.again(value, at, kept_from, 60, clock=clock)
    assert found is None or found == {"told": value["told"], "recalled_until": 60, "next": found["next"]}
    return None if found is None else found["next"]


def test_what_is_kept_for_this_only_is_judged_from_late_evidence_on() -> None:
    assert again(memory((1, 10)), 30) == 30


@pytest.mark.parametrize(
    ("at", "clock", "begins"),
    [(8, "grace", 1), (10, "grace", 1), (11, "grace", 11), (8, "deadline", 1), (11, "deadline", 1), (0, "deadline", 0)],
)
def test_a_mismatch_that_ended_after_it_is_judged_from_its_beginning_on_and_what_is_due_from_when_it_was_demanded(
    at: int, clock: str, begins: int
) -> None:
    assert again(memory((1, 10)), at, clock=clock) == begins


def test_what_lost_its_answer_was_demanded_by_the_fact_that_demanded_it_first() -> None:
    value = memory((1, 10), (12, 20))
    value["told"] += [["lost:20", 20, "met", 30], ["lost:30", 30, "withdrawn", 40], ["v45", 45, "met", 49]]

    begins = [again(value, at, clock="deadline") for at in (11, 12, 20, 25, 35, 42, 45)]
    assert begins == [1, 12, 12, 12, 12, 12, 45]


@pytest.mark.parametrize(
    ("at", "kept_from", "begins"), [(8, 1, 1), (8, 2, None), (30, 30, 30), (30, 31, 30), (8, 9, None)]
)
def test_but_not_one_of_which_the_beginning_may_be_folded(at: int, kept_from: int, begins: int | None) -> None:
    assert again(memory((1, 10)), at, kept_from) == begins
    assert again(memory((1, 10)), at, kept_from, clock="deadline") == (1 if kept_from == 1 else at)


@pytest.mark.parametrize(("ends", "at", "begins"), [(told.KEPT, 4, None), (told.KEPT, 5, 5), (told.KEPT - 1, 4, 4)])
def test_before_a_full_memory_something_may_be_forgotten(ends: int, at: int, begins: int | None) -> None:
    value = memory(*((5 + 10 * n, 9 + 10 * n) for n in range(ends)))

    assert again(value, at) == begins
    assert again(value, at, clock="deadline") == at  # which is asked for anew from any instant on


def test_more_late_evidence_of_the_same_commit_has_it_judged_from_the_first() -> None:
    anew = {"told": [["v1", 1, "met", 10]], "next": 20}

    assert (again(anew, 30), again(anew, 15), again(anew, 8)) == (20, 15, 1)
    assert again({**anew, "settled": 50}, 30) == 30


@pytest.mark.parametrize("more", [{"status": "met"}, {"drift": {}}, {"openings": [1]}])
def test_one_of_which_more_is_kept_is_not_judged_as_if_nothing_were_known(more: dict[str, Any]) -> None:
    assert again(memory((1, 10), **more), 30) is None
    assert again({"next": 7, "settled": 5}, 30) is None


def test_late_evidence_is_noted_where_something_is_remembered() -> None:
    assert told.recalled(memory((1, 10)), 60) == memory((1, 10), recalled_until=60)
    assert told.recalled(memory((1, 10), recalled_until=70), 60) == memory((1, 10), recalled_until=70)
    assert told.recalled({"settled": 5}, 60) == {"settled": 5}


@pytest.mark.parametrize(
    ("value", "over", "anew"),
    [
        (memory((1, 10)), True, False),
        (memory((1, 10), status="waiting"), True, False),
        (memory((1, 10), status="idle"), True, False),
        (memory((1, 10), status="met"), False, False),
        ({"told": [], "next": 5}, True, True),
        ({"next": 5}, False, False),
        ({"settled": 5}, False, False),
    ],
)
def test_it_is_over_or_judged_anew(value: dict[str, Any], over: bool, anew: bool) -> None:
    assert (told.is_over(value), told.is_anew(value)) == (over, anew)
