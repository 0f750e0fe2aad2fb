"""One obligation: what every answer makes of every status, and what is told."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import ALWAYS
from streams.judge.obligation import Clock, Obligation, Trigger, wake_at
from streams.kinds.asof import Found
from streams.kinds.finding import WAITING, Answer, Evidence, Finding

SLA = 10


def found(at: int = 1, by: str = "someone") -> Found:
    return Found("erp", "customer", "E", {"version": f"v{at}", "at": at, "committed_at": at, "by": by})


def finding(*, satisfied: bool, at: int = 1, by: str = "someone", snapshot: bool = False) -> Finding:
    """The fact of instant `at` demands something; at 0 none does, and only what is running is answered."""
    return Finding(
        satisfied=satisfied,
        triggered_at=at,
        trigger_version=f"v{at}" if at else "",
        owner_system="erp",
        expected="",
        observed="",
        evidence=(Evidence(found(at), "status", "x"),),
        snapshot=snapshot,
        satisfied_by=found(at, by) if satisfied else None,
    )


ANSWERS: dict[str, Answer] = {
    "none": None,
    "waiting": WAITING,
    "no": finding(satisfied=False),
    "yes": finding(satisfied=True),
    "new no": finding(satisfied=False, at=15),
    "new yes": finding(satisfied=True, at=15),
    "only yes": finding(satisfied=True, at=0),
    "only no": finding(satisfied=False, at=0),
}
Told = list[str]


def judged(clock: Clock, *judgements: tuple[int, str]) -> tuple[Obligation, Told]:
    """What the instants and answers leave behind, and what the last one told."""
    obligation, told = Obligation(), 0
    for at, answer in judgements:
        told = len(clock.transitions)
        obligation = clock.advance(obligation, at, ANSWERS[answer], moved=False)
    return obligation, [f"{t.what} {t.how}".strip() for t in clock.transitions[told:]]


DEADLINE_REACHED: dict[str, list[tuple[int, str]]] = {
    # status: how it is reached
    "idle": [],
    "waiting": [(1, "waiting")],
    "armed": [(1, "no")],
    "met": [(1, "no"), (11, "yes")],
    "open": [(1, "no"), (11, "no")],
    "closed": [(1, "no"), (11, "no"), (12, "yes")],
}
WITHDRAWN, MET, OPENED = ["withdrawn"], ["met"], ["opened"]
DEADLINE: list[tuple[str, int, str, str, Told]] = [
    # status, instant, answer: status after it, what is told
    ("idle", 1, "none", "idle", []),
    ("idle", 1, "waiting", "waiting", []),
    ("idle", 1, "no", "armed", []),
    ("idle", 1, "yes", "armed", []),  # answered once, at the deadline
    ("idle", 1, "only yes", "idle", []),
    ("idle", 20, "no", "open", OPENED),  # first heard of when it was overdue
    ("idle", 20, "yes", "met", MET),
    ("waiting", 5, "none", "idle", []),
    ("waiting", 5, "waiting", "waiting", []),
    ("waiting", 5, "no", "armed", []),
    ("waiting", 5, "yes", "armed", []),
    ("armed", 5, "none", "idle", WITHDRAWN),
    ("armed", 5, "waiting", "waiting", WITHDRAWN),
    ("armed", 5, "no", "armed", []),
    ("armed", 5, "yes", "armed", []),
    ("armed", 5, "only yes", "armed", []),
    ("armed", 10, "no", "armed", []),
    ("armed", 11, "no", "open", OPENED),
    ("armed", 11, "yes", "met", MET),  # done exactly at the deadline is on time
    ("armed", 11, "only yes", "met", MET),
    ("armed", 11, "only no", "open", OPENED),
    ("armed", 11, "none", "idle", WITHDRAWN),
    ("armed", 15, "new no", "armed", WITHDRAWN),
    ("armed", 15, "new yes", "armed", WITHDRAWN),
    ("met", 20, "none", "idle", []),
    ("met", 20, "waiting", "waiting", []),
    ("met", 20, "yes", "met", []),
    ("met", 20, "no", "armed", []),  # what had answered it is gone
    ("met", 20, "new no", "armed", []),
    ("open", 20, "none", "idle", ["closed withdrawn"]),
    ("open", 20, "waiting", "waiting", ["closed withdrawn"]),
    ("open", 20, "no", "open", []),
    ("open", 20, "only no", "open", []),
    ("open", 20, "yes", "closed", ["closed self_healed"]),
    ("open", 20, "only yes", "closed", ["closed self_healed"]),
    ("open", 20, "new no", "armed", ["closed withdrawn"]),
    ("open", 20, "new yes", "armed", ["closed withdrawn"]),
    ("closed", 20, "none", "idle", []),
    ("closed", 20, "waiting", "waiting", []),
    ("closed", 20, "yes", "closed", []),
    ("closed", 20, "no", "armed", []),
    ("closed", 20, "new no", "armed", []),
]
GRACE_REACHED: dict[str, list[tuple[int, str]]] = {
    "idle": [],
    "armed": [(1, "no")],
    "open": [(1, "no"), (11, "no")],
}
GRACE: list[tuple[str, int, str, str, Told]] = [
    ("idle", 1, "none", "idle", []),
    ("idle", 1, "yes", "idle", []),
    ("idle", 1, "no", "armed", []),
    ("armed", 5, "none", "idle", WITHDRAWN),
    ("armed", 5, "yes", "idle", MET),  # mended within the grace
    ("armed", 5, "new no", "armed", []),  # still a mismatch, whoever changed what
    ("armed", 11, "no", "open", OPENED),
    ("armed", 11, "yes", "idle", MET),
    ("open", 20, "none", "idle", ["closed withdrawn"]),
    ("open", 20, "no", "open", []),
    ("open", 20, "yes", "idle", ["closed self_healed"]),
]


@pytest.mark.parametrize(("status", "at", "answer", "after", "told"), DEADLINE)
def test_with_a_deadline(status: str, at: int, answer: str, after: str, told: Told) -> None:
    reached = DEADLINE_REACHED[status]
    assert judged(Clock("deadline", SLA), *reached)[0].status == status

    obligation, said = judged(Clock("deadline", SLA), *reached, (at, answer))

    assert (obligation.status, said) == (after, told)
    assert obligation.settled == at


@pytest.mark.parametrize(("status", "at", "answer", "after", "told"), GRACE)
def test_with_a_grace(status: str, at: int, answer: str, after: str, told: Told) -> None:
    reached = GRACE_REACHED[status]
    assert judged(Clock("grace", SLA), *reached)[0].status == status

    obligation, said = judged(Clock("grace", SLA), *reached, (at, answer))

    assert (obligation.status, said) == (after, told)


def test_the_tables_try_every_status() -> None:
    assert {row[0] for row in DEADLINE} == set(DEADLINE_REACHED)
    assert {row[0] for row in GRACE} == set(GRACE_REACHED)


def test_the_deadline_counts_from_the_fact_and_the_grace_from_the_mismatch() -> None:
    assert judged(Clock("deadline", SLA), (7, "no"))[0].due == 1 + SLA
    assert judged(Clock("grace", SLA), (7, "no"))[0].due == 7 + SLA


def test_a_lost_answer_is_demanded_from_its_loss_on_under_another_trigger() -> None:
    obligation, _ = judged(Clock("deadline", SLA), *DEADLINE_REACHED["met"], (20, "no"))

    assert (obligation.due, obligation.asked) == (20 + SLA, Trigger(1, "v1"))
    assert obligation.trigger not in (None, obligation.asked)


def test_a_drift_whose_subject_went_to_another_customer_closes_as_moved() -> None:
    clock = Clock("deadline", SLA)
    obligation, _ = judged(clock, *DEADLINE_REACHED["open"])

    assert clock.advance(obligation, 20, None, moved=True).status == "idle"
    assert (clock.transitions[-1].what, clock.transitions[-1].how) == ("closed", "moved")


def test_a_mismatch_is_named_by_the_commit_that_began_it_wherever_its_record_is() -> None:
    here, _ = judged(Clock("grace", SLA), (1, "no"))
    moved_to = Found("erp", "customer", "E", found(1).version | {"at": 9})
    there = Clock("grace", SLA).advance(
        Obligation(), 9, finding(satisfied=False)._replace(evidence=(Evidence(moved_to, "status", "x"),)), moved=False
    )

    assert here.trigger == there.trigger == Trigger(1, "v1")
    assert there.due == 9 + SLA


def test_a_mismatch_that_time_began_again_is_another_one() -> None:
    came, _ = judged(Clock("grace", SLA), (1, "no"))
    came_back, _ = judged(Clock("grace", SLA), (1, "no"), (4, "none"), (7, "no"))

    assert came_back.trigger is not None and came.trigger is not None
    assert came_back.trigger.version != came.trigger.version
    assert came_back.trigger.at == 7


def test_what_driftwise_itself_put_right_is_corrected() -> None:
    clock = Clock("deadline", SLA)
    obligation, _ = judged(clock, *DEADLINE_REACHED["open"])
    clock.advance(obligation, 20, finding(satisfied=True, by="driftwise"), moved=False)

    assert clock.transitions[-1].how == "corrected"


def test_who_put_it_right_counts_and_not_who_came_by_during_the_hold_down() -> None:
    for healer, onlooker, how in (("driftwise", "ada", "corrected"), ("ada", "driftwise", "self_healed")):
        clock = Clock("deadline", SLA, hold_down=5)
        open_, _ = judged(clock, *DEADLINE_REACHED["open"])
        clean = clock.advance(open_, 20, finding(satisfied=True, by=healer), moved=False)
        clock.advance(clean, 25, finding(satisfied=True, by=onlooker), moved=False)

        assert clock.transitions[-1].how == how


def test_who_put_right_what_did_not_last_does_not_count() -> None:
    clock = Clock("deadline", SLA, hold_down=5)
    obligation, _ = judged(clock, *DEADLINE_REACHED["open"])
    for at, answer in ((20, "driftwise"), (22, None), (30, "ada"), (35, "ada")):
        obligation = clock.advance(obligation, at, finding(satisfied=bool(answer), by=answer or ""), moved=False)

    assert clock.transitions[-1].how == "self_healed"


def test_a_drift_closes_only_when_it_has_held_through_the_hold_down() -> None:
    clock = Clock("deadline", SLA, hold_down=5)
    reached = [*DEADLINE_REACHED["open"], (20, "yes")]

    clean, told = judged(clock, *reached)
    assert (clean.status, clean.clean_since, told, wake_at(clean, ALWAYS, 5)) == ("open", 20, [], 25)
    assert judged(Clock("deadline", SLA, 5), *reached, (24, "yes"))[0].status == "open"
    assert judged(Clock("deadline", SLA, 5), *reached, (25, "yes"))[1] == ["closed self_healed"]
    assert judged(Clock("deadline", SLA, 5), *reached, (22, "no"))[0].clean_since is None


@pytest.mark.parametrize(
    ("answer", "go_live", "baseline"),
    [
        (finding(satisfied=False, at=5), 0, False),
        (finding(satisfied=False, at=5), 5, False),
        (finding(satisfied=False, at=5), 6, True),
        (finding(satisfied=False, at=5, snapshot=True), 0, True),
    ],
)
def test_what_stood_before_go_live_or_at_the_first_snapshot_is_baseline(
    answer: Finding, go_live: int, baseline: bool
) -> None:
    clock = Clock("deadline", SLA, go_live=go_live)
    obligation = clock.advance(Obligation(), 15, answer, moved=False)

    assert obligation.baseline is baseline
    assert [t.baseline for t in clock.transitions] == [baseline]


@pytest.mark.parametrize(("kind", "status"), [("deadline", "met"), ("grace", "idle")])
def test_a_drift_that_late_evidence_overturns_never_was_one(kind: str, status: str) -> None:
    clock = Clock(kind, SLA)
    obligation, _ = judged(clock, (1, "no"), (11, "no"))

    after = clock.retract(obligation, 20, finding(satisfied=True))

    told = clock.transitions[-1]
    assert (told.what, told.how, told.at) == ("closed", "retracted", 11)
    assert (after.status, after.opened_at, after.drift) == (status, None, None)


def test_the_next_instant_is_the_earliest_of_deadline_and_next_change() -> None:
    armed, _ = judged(Clock("deadline", SLA), (1, "no"))
    opened, _ = judged(Clock("deadline", SLA), (1, "no"), (11, "no"))

    assert [wake_at(armed, change, 0) for change in (5, 99, ALWAYS)] == [5, 11, 11]
    assert wake_at(opened, ALWAYS, 0) == ALWAYS


class History(NamedTuple):
    clock: Clock
    judgements: list[tuple[int, Answer]]


facts = st.builds(
    lambda satisfied, at, by: finding(satisfied=satisfied, at=at, by=by),
    st.booleans(),
    st.sampled_from([0, 1, 4, 15]),
    st.sampled_from(["someone", "driftwise"]),
)
clocks = st.builds(Clock, st.sampled_from(["deadline", "grace"]), st.integers(0, SLA), st.integers(0, 3))


@st.composite
def histories(draw: st.DrawFn) -> History:
    instants = draw(st.lists(st.integers(1, 40), unique=True, max_size=10).map(sorted))
    return History(draw(clocks), [(at, draw(st.none() | st.just(WAITING) | facts)) for at in instants])


@given(histories())
def test_judging_an_instant_again_changes_nothing_and_tells_nothing(history: History) -> None:
    clock, obligation = history.clock, Obligation()
    for at, answer in history.judgements:
        obligation = clock.advance(obligation, at, answer, moved=False)
        told = len(clock.transitions)
        assert clock.advance(obligation, at, answer, moved=False) == obligation
        assert len(clock.transitions) == told


@given(histories())
def test_an_obligation_survives_the_store(history: History) -> None:
    obligation = Obligation()
    for at, answer in history.judgements:
        obligation = history.clock.advance(obligation, at, answer, moved=False)
        stored: dict[str, Any] = orjson.loads(orjson.dumps(obligation.as_json()))
        assert Obligation.from_json(stored) == obligation


@given(histories())
def test_every_demand_is_answered_once_and_every_drift_closed_once(history: History) -> None:
    obligation = Obligation()
    for at, answer in history.judgements:
        obligation = history.clock.advance(obligation, at, answer, moved=False)
    told = [t.what for t in history.clock.transitions]

    openings = [what for what in told if what in ("opened", "closed")]
    assert openings == ["opened", "closed"] * (len(openings) // 2) + ["opened"] * (len(openings) % 2)
    assert (obligation.status == "open") == (len(openings) % 2 == 1)


def test_nothing_known_is_an_idle_obligation() -> None:
    assert Obligation.from_json(None) == Obligation()
    assert Obligation().as_json() == {}
