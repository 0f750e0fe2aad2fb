"""One obligation: what every answer makes of every status, and what is told."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import ALWAYS
from schemas.records import completed
from streams.judge.closing import Close
from streams.judge.obligation import Clock, Obligation, Trigger, wake_at
from streams.judge.obligation import Told as LastWord
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
    return obligation, [f"closed {t.how}" if t.what == "closed" else t.what for t in clock.transitions[told:]]


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


ONCE = Trigger(1, "v1")
KEPT: list[tuple[str, str, Obligation]] = [
    ("deadline", "idle", Obligation()),
    ("deadline", "waiting", Obligation("waiting", settled=1)),
    ("deadline", "armed", Obligation("armed", ONCE, ONCE, 11, settled=1)),
    ("deadline", "met", Obligation("met", ONCE, ONCE, 11, settled=11)),
    ("deadline", "open", Obligation("open", ONCE, ONCE, 11, 11, settled=11)),
    ("deadline", "closed", Obligation("closed", ONCE, ONCE, 11, 11, settled=12)),
    ("grace", "idle", Obligation()),
    ("grace", "armed", Obligation("armed", ONCE, due=11, settled=1)),
    ("grace", "open", Obligation("open", ONCE, due=11, opened_at=11, settled=11)),
]


@pytest.mark.parametrize(("kind", "status", "kept"), KEPT)
def test_of_each_status_no_more_is_kept_than_what_it_hangs_on(kind: str, status: str, kept: Obligation) -> None:
    reached = DEADLINE_REACHED if kind == "deadline" else GRACE_REACHED

    assert judged(Clock(kind, SLA), *reached[status])[0] == kept


@pytest.mark.parametrize(
    ("kind", "at", "answer", "status"),
    [
        ("deadline", 11, "yes", "met"),
        ("deadline", 11, "no", "open"),
        ("deadline", 11, "none", "idle"),
        ("deadline", 15, "new no", "armed"),
        ("grace", 5, "yes", "idle"),
        ("grace", 11, "no", "open"),
    ],
)
def test_what_late_evidence_took_back_is_amended_once(kind: str, at: int, answer: str, status: str) -> None:
    clock = Clock(kind, SLA)
    armed, _ = judged(clock, (1, "no"))

    after = clock.advance(armed._replace(amends="met"), at, ANSWERS[answer], moved=False)

    assert (after.status, after.amends, [t.amends for t in clock.transitions]) == (status, "", ["met"])


@pytest.mark.parametrize(
    ("obligation", "amends"),
    [
        (Obligation("open", ONCE, ONCE, 11, 11), "missed"),
        (Obligation("open", ONCE, ONCE, 11, 11, baseline=True), "baseline"),
        (Obligation("armed", ONCE, ONCE, 11), ""),
        (Obligation("armed", ONCE, ONCE, 11, baseline=True), ""),
        (Obligation("armed", ONCE, ONCE, 11, ignored_until=30), "ignored"),
        (Obligation("armed", ONCE, ONCE, 11, amends="retracted"), "retracted"),
        (Obligation("armed", ONCE, ONCE, 11, amends="retracted", baseline=True), "baseline"),
    ],
)
def test_an_end_takes_the_place_of_what_was_told_before(obligation: Obligation, amends: str) -> None:
    clock = Clock("deadline", SLA)

    clock.advance(obligation, 12, None, moved=False)

    assert [t.amends for t in clock.transitions] == [amends]


def test_what_is_lost_after_a_retraction_amends_nothing() -> None:
    met = Obligation("met", ONCE, ONCE, 11, settled=12, amends="retracted")

    assert Clock("deadline", SLA).advance(met, 20, ANSWERS["no"], moved=False).amends == ""


def test_a_mismatch_after_the_baseline_has_ended_is_none_of_it() -> None:
    after = Clock("grace", SLA).advance(Obligation(baseline=True), 20, told_by(("erp", 20)), moved=False)

    assert (after.status, after.baseline) == ("armed", False)


def test_what_was_judged_when_it_was_due_is_not_judged_then_again() -> None:
    ignored = Obligation("armed", ONCE, ONCE, 11, settled=11, ignored_until=50)

    assert wake_at(ignored, ALWAYS, 0) == 50
    assert wake_at(ignored._replace(settled=10), ALWAYS, 0) == 11


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


def test_what_moves_before_it_is_due_is_withdrawn_as_moved() -> None:
    clock = Clock("deadline", SLA)
    obligation, _ = judged(clock, *DEADLINE_REACHED["armed"])

    assert clock.advance(obligation, 5, None, moved=True).status == "idle"
    assert (clock.transitions[-1].what, clock.transitions[-1].how) == ("withdrawn", "moved")


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

    assert came.trigger is not None
    assert came_back.trigger is not None
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


@pytest.mark.parametrize(("judged_at", "kept"), [(11, None), (15, 15)])
def test_when_it_was_met_is_kept_where_that_was_judged_later_than_due(judged_at: int, kept: int | None) -> None:
    obligation, told = judged(Clock("deadline", SLA), (1, "no"), (judged_at, "yes"))

    assert (obligation.status, obligation.due, obligation.met_at, told) == ("met", 11, kept, MET)
    assert Obligation.from_json(obligation.as_json()) == obligation


def test_nothing_known_is_an_idle_obligation() -> None:
    assert Obligation.from_json(None) == Obligation()
    assert Obligation().as_json() == {}


def test_nothing_known_is_stored_as_nothing() -> None:
    assert Obligation(status="idle", clean_by="", baseline=False).as_json() == {}


def test_all_that_is_known_survives_the_store_and_what_another_release_knew_is_passed_over() -> None:
    drift = completed("Drift", {"drift_id": "D"})
    known = Obligation(
        "open", Trigger(1, "v1"), Trigger(2, "v2"), 11, 12, 13, 14, "ada", True, 15, 16, "L", drift, (3, 4)
    )
    stored = known.as_json()

    said = (LastWord("v1", 1, "missed", 11), LastWord("v2", 2, "met", 12))
    assert Obligation.from_json(known._replace(told=said).as_json()) == known._replace(told=said)
    assert Obligation.from_json(stored) == known
    assert Obligation.from_json({**stored, "of_another_release": 1}) == known
    assert (stored["trigger"], stored["asked"], stored["openings"]) == ([1, "v1"], [2, "v2"], [3, 4])


def test_late_evidence_of_an_earlier_release_has_all_that_was_told_count() -> None:
    assert Obligation.from_json({"told": [], "recalled": True}).recalled_until == ALWAYS


def test_since_when_it_is_as_it_is_is_known_where_it_was_judged_since() -> None:
    armed = Obligation("armed", settled=5)

    again = armed._replace(settled=8, next=20, told=(LastWord("v1", 1, "met", 3),)).looked_at(armed)
    assert again.unchanged_since == 5
    assert again._replace(settled=9).looked_at(again).unchanged_since == 5
    assert again._replace(settled=9, status="met").looked_at(again).unchanged_since is None
    assert again._replace(settled=5).looked_at(again).unchanged_since is None
    assert Obligation(settled=8).looked_at(Obligation()) == Obligation(settled=8)  # nothing was ever known


def test_a_drift_that_was_kept_before_a_field_of_it_came_has_the_default() -> None:
    kept = completed("Drift", {"drift_id": "D", "mode": "propose"})
    del kept["restraint"], kept["released_at"]

    drift = Obligation.from_json({"status": "open", "drift": kept}).drift or {}

    assert (drift["drift_id"], drift["mode"], drift["restraint"], drift["released_at"]) == ("D", "propose", "", None)


@pytest.mark.parametrize(
    ("clock", "status", "ignored_until", "waits"),
    [
        ("deadline", "armed", None, True),
        ("grace", "armed", None, False),
        ("deadline", "open", None, False),
        ("deadline", "armed", 50, False),
    ],
)
def test_an_answer_counts_only_when_it_is_due_where_a_deadline_runs(
    clock: str, status: str, ignored_until: int | None, waits: bool
) -> None:
    assert Obligation(status, ignored_until=ignored_until).awaits_deadline(clock) is waits


def test_what_is_not_demanded_any_more_leaves_nothing_behind() -> None:
    clock = Clock("deadline", SLA, hold_down=5)
    reached, _ = judged(clock, *DEADLINE_REACHED["open"], (20, "yes"))
    stood = reached._replace(drift={"drift_id": "D"}, ignored_until=30, opened_at=11)

    assert clock.advance(stood, 21, None, moved=False) == Obligation(settled=21)
    assert clock.transitions[-1].drift == {"drift_id": "D"}


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("deadline", Obligation("closed", Trigger(1, "v1"), Trigger(1, "v1"), 11, 11, settled=20)),
        ("grace", Obligation(settled=20)),
    ],
)
def test_a_closed_drift_is_not_held_on_to(kind: str, after: Obligation) -> None:
    clock = Clock(kind, SLA)
    opened, _ = judged(clock, (1, "no"), (11, "no"))

    assert clock.advance(opened._replace(drift={}), 20, finding(satisfied=True), moved=False) == after


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("deadline", Obligation("met", Trigger(1, "v1"), Trigger(1, "v1"), 11, settled=20, amends="retracted")),
        ("grace", Obligation("idle", due=11, settled=20)),
    ],
)
def test_a_retracted_drift_is_not_held_on_to(kind: str, after: Obligation) -> None:
    clock = Clock(kind, SLA)
    opened, _ = judged(clock, (1, "no"), (11, "no"))

    assert clock.retract(opened._replace(drift={}, clean_since=15, clean_by="ada"), 20, None) == after


@pytest.mark.parametrize("kind", ["deadline", "grace"])
def test_what_is_put_right_in_time_is_not_ignored_any_more(kind: str) -> None:
    clock = Clock(kind, SLA, ignored_until=50)
    ignored, told = judged(clock, (1, "no"), (11, "no"), (12, "no"))
    assert (ignored.status, ignored.ignored_until, told, wake_at(ignored, ALWAYS, 0)) == ("armed", 50, [], 50)
    assert [t.what for t in clock.transitions] == ["ignored"]

    after = clock.advance(ignored, 20, finding(satisfied=True), moved=False)

    assert (after.status, after.ignored_until, after.due) == (
        ("met", None, 11) if kind == "deadline" else ("idle", None, None)
    )


def test_what_is_ignored_opens_at_the_very_instant_that_ends_it() -> None:
    clock = Clock("deadline", SLA, ignored_until=50)
    ignored, _ = judged(clock, (1, "no"), (11, "no"))

    after = clock.advance(ignored, 50, finding(satisfied=False), moved=False)

    assert (after.status, after.opened_at, after.ignored_until) == ("open", 50, None)


def test_where_business_days_are_governed_it_counts_from_the_end_of_the_last() -> None:
    assert Clock("deadline", SLA, ends=lambda at: at + 1000).due(7) == 1007 + SLA


@pytest.mark.parametrize(("close", "due"), [(1000 + SLA, (1000 + SLA, "P")), (1001 + SLA, (1001 + SLA, ""))])
def test_a_period_that_closes_before_the_deadline_makes_it_due(close: int, due: tuple[int, str]) -> None:
    clock = Clock("deadline", SLA, ends=lambda at: at + 1000, closes=lambda at: Close(close, "P"))

    armed = clock.advance(Obligation(), 7, finding(satisfied=False), moved=False)

    assert (armed.due, armed.period) == (clock.due_by(armed.trigger.at if armed.trigger else 0)) == due


def told_by(*versions: tuple[str, int], value: str = "x", **more: Any) -> Finding:
    """Evidence of several systems, as of when each said it last."""
    evidence = tuple(
        Evidence(Found(system, "customer", "E", found(at).version | more), "status", value) for system, at in versions
    )
    return finding(satisfied=False)._replace(evidence=evidence)


@pytest.mark.parametrize(
    ("versions", "trigger"),
    [
        ((("crm", 3), ("erp", 7)), Trigger(7, "v7")),
        ((("crm", 7), ("erp", 3)), Trigger(7, "v7")),
        ((("crm", 3), ("erp", 5)), Trigger(7, "v5@7")),  # a day began, say
    ],
)
def test_the_latest_of_what_is_compared_began_a_mismatch(
    versions: tuple[tuple[str, int], ...], trigger: Trigger
) -> None:
    assert Clock("grace", SLA).advance(Obligation(), 7, told_by(*versions), moved=False).trigger == trigger


def in_baseline(kind: str = "grace", go_live: int = 0) -> tuple[Clock, Obligation]:
    """Open since the first snapshot, which showed `x`."""
    clock = Clock(kind, SLA, go_live=go_live)
    opened, _ = judged(clock, (1, "no"), (11, "no"))
    seen = {"system": "erp", "entity": "customer", "native_id": "E", "field": "status", "value": "x"}
    return clock, opened._replace(baseline=True, drift={"evidence": [seen]})


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_mismatch_of_the_baseline_that_becomes_another_one_is_news_however_old_what_it_rests_on(
    snapshot: bool,
) -> None:
    clock, stood = in_baseline()

    after = clock.advance(stood, 20, told_by(("erp", 20), value="y")._replace(snapshot=snapshot), moved=False)

    assert (after.status, after.due, after.baseline) == ("armed", 20 + SLA, False)
    assert (clock.transitions[-1].what, clock.transitions[-1].how) == ("closed", "superseded")


@pytest.mark.parametrize(
    ("value", "baseline", "go_live", "snapshot"),
    [("x", True, 0, False), ("y", False, 0, False), ("y", True, 21, False), ("y", True, 0, True)],
    ids=["it is the same", "it was not of the baseline", "go-live is ahead", "another first snapshot shows it"],
)
def test_otherwise_it_stays_the_drift_it_was(value: str, baseline: bool, go_live: int, snapshot: bool) -> None:
    clock, stood = in_baseline(go_live=go_live)
    answer = told_by(("crm", 5), ("erp", 20), value=value, snapshot=snapshot)
    seen = (stood.drift or {})["evidence"][0]
    stood = stood._replace(baseline=baseline, drift={"evidence": [seen | {"system": s} for s in ("crm", "erp")]})

    assert clock.advance(stood, 20, answer, moved=False) == stood._replace(settled=20)


@pytest.mark.parametrize(
    ("at", "snapshot", "go_live", "baseline"),
    [(20, False, 0, False), (20, False, 20, False), (20, False, 21, True), (20, True, 0, True), (5, True, 0, False)],
)
def test_what_is_lost_is_of_the_baseline_where_a_first_snapshot_shows_the_loss_or_go_live_is_ahead(
    at: int, snapshot: bool, go_live: int, baseline: bool
) -> None:
    clock = Clock("deadline", SLA, go_live=go_live)
    met, _ = judged(clock, *DEADLINE_REACHED["met"])
    answer = told_by(("crm", 3), ("erp", at), snapshot=snapshot)

    after = clock.advance(met, 20, answer, moved=False)

    assert (after.status, after.baseline) == ("armed", baseline)


@pytest.mark.parametrize(("go_live", "snapshot", "baseline"), [(7, False, False), (8, False, True), (0, True, True)])
def test_a_mismatch_before_go_live_or_at_the_first_snapshot_is_baseline(
    go_live: int, snapshot: bool, baseline: bool
) -> None:
    clock = Clock("grace", SLA, go_live=go_live)
    answer = finding(satisfied=False, snapshot=snapshot)

    assert clock.advance(Obligation(), 7, answer, moved=False).baseline is baseline


@pytest.mark.parametrize(("clean", "how"), [(None, "rules_changed"), (18, "self_healed")])
def test_a_drift_that_other_rules_ended_is_not_held_unless_it_was_put_right_before(clean: int | None, how: str) -> None:
    clock = Clock("deadline", SLA, hold_down=2, new_rules=True)
    opened, _ = judged(Clock("deadline", SLA), *DEADLINE_REACHED["open"])

    clock.advance(opened._replace(clean_since=clean), 20, finding(satisfied=True), moved=False)

    assert [(t.what, t.how) for t in clock.transitions] == [("closed", how)]


def test_who_put_it_right_may_be_unknown() -> None:
    clock = Clock("deadline", SLA, hold_down=5)
    opened, _ = judged(clock, *DEADLINE_REACHED["open"])

    after = clock.advance(opened, 20, finding(satisfied=True)._replace(satisfied_by=None), moved=False)

    assert after.clean_by == "unknown"
    assert clock.advance(after, 21, finding(satisfied=False), moved=False) == opened._replace(settled=21)


def test_the_transitions_of_an_opening_say_nothing_of_an_end() -> None:
    clock = Clock("deadline", SLA)
    judged(clock, *DEADLINE_REACHED["open"])

    (told,) = clock.transitions
    assert (told.what, told.how, told.baseline, told.due, told.at) == ("opened", "", False, 11, 11)
