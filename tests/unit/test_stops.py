"""What stops corrections, what it withholds, and when that is let go; asked directly, times are plain numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from schemas.instants import NEVER, SECOND
from streams.fleet import breaker, mass, withheld
from streams.fleet.breaker import INEFFECTIVE, REFUSED, Scope
from streams.fleet.table import AGAIN, CLOCK
from streams.governance.model import Governance
from tables.view import Workspace
from tests.unit.fleet_stage import GOVERNANCE, NOBODY, OPEN, POSTED, RUN, drifts, governed, nothing, told, waiting

# -- breakers


def wrong(ws: Workspace, times: int = 1, how: str = REFUSED, at: int = 50, kind: str = POSTED, to: str = "erp",
          governed: Governance = GOVERNANCE) -> Workspace:  # fmt: skip
    for _ in range(times):
        breaker.went(ws, governed, kind, to, at, how, wrong=True)
    return ws


def right(ws: Workspace, how: str = REFUSED) -> Workspace:
    breaker.went(ws, GOVERNANCE, POSTED, "erp", 50, how, wrong=False)
    return ws


def is_stopped(ws: Workspace, kind: str = POSTED, to: str = "erp") -> bool:
    return breaker.stops(ws, kind, to)


def test_so_many_in_a_row_that_go_wrong_in_one_way_open_it_for_the_kind_and_the_system() -> None:
    ws = wrong(nothing(), RUN - 1)
    assert (drifts(ws), is_stopped(ws)) == ([], False)
    wrong(ws, how=INEFFECTIVE)
    assert drifts(ws) == []
    wrong(ws)

    assert is_stopped(ws)
    of_kind, of_system = drifts(ws)
    assert [(d["system"], d["entity"], d["native_id"], d["causes"]) for d in (of_kind, of_system)] == [
        ("driftwise", "breaker", f"kind/{POSTED}", [POSTED]), ("erp", "breaker", "system/erp", []),
    ]  # fmt: skip
    assert {(d["trigger_version"], d["triggered_at"], d["due_at"]) for d in (of_kind, of_system)} == {("50", 50, 50)}
    assert of_kind["expected"] == "corrections of invoice not posted bring about what they ask for"
    assert of_system["expected"] == "corrections in erp bring about what they ask for"
    assert "the last 3 were refused or not answered" in of_kind["observed"]
    assert waiting(ws) == [f"w/{50 + OPEN:020d}/b/kind/{POSTED}", f"w/{50 + OPEN:020d}/b/system/erp"]


def test_without_effect_is_told_as_that() -> None:
    assert "the last 3 showed no effect" in drifts(wrong(nothing(), RUN, INEFFECTIVE))[0]["observed"]


def test_it_is_told_once_and_stops_what_is_of_its_kind_or_goes_to_its_system() -> None:
    ws = wrong(nothing(), RUN + 2)

    assert len(drifts(ws)) == 2
    assert [is_stopped(ws, "other"), is_stopped(ws, to="crm"), is_stopped(ws, "other", "crm")] == [True, True, False]


def test_what_goes_right_ends_the_run_in_that_way_alone() -> None:
    ws = wrong(wrong(nothing(), 2), 2, INEFFECTIVE)
    wrong(right(ws))
    assert drifts(ws) == []
    wrong(ws, how=INEFFECTIVE)
    assert len(drifts(ws)) == 2


def test_where_all_is_sound_nothing_is_kept() -> None:
    assert right(wrong(nothing())).range("b/", 9) == []
    assert right(nothing()).range("b/", 9) == []


def test_where_none_may_go_wrong_what_goes_right_opens_nothing_either() -> None:
    ws = nothing()
    breaker.went(ws, governed(tolerance_absolute=Decimal(0)), POSTED, "erp", 50, REFUSED, wrong=False)

    assert drifts(ws) == []


def test_what_earlier_releases_counted_counts() -> None:
    ws = nothing()
    for scope in (f"kind/{POSTED}", "system/erp"):
        ws.put(f"b/{scope}", {"refused": RUN - 1, "ineffective": 1, "drift": None, "until": None})

    assert len(drifts(wrong(ws))) == 2
    assert ws.get("b/system/erp") == {**(ws.get("b/system/erp") or {}), "refused": RUN, "ineffective": 1}


def test_nobody_counts_where_it_is_not_wanted() -> None:
    ws = wrong(nothing(), RUN, governed=NOBODY)

    assert (drifts(ws), ws.range("b/", 9)) == ([], [])


def test_judge_hears_of_it_in_every_partition() -> None:
    ws = wrong(nothing(), RUN)
    of_kind, of_system = drifts(ws)

    said = {"opened_at": 50, "closed_at": None}
    assert told(ws, "BreakerTurned") == [
        (partition, {"scope": scope, "name": name, "drift_id": drift["drift_id"], **said})
        for scope, name, drift in (("kind", POSTED, of_kind), ("system", "erp", of_system))
        for partition in (0, 1)
    ]
    assert {(e.topic, e.key) for e in ws.effects if e.record == "BreakerTurned"} == {(topics.CHANGES, "")}


def test_one_that_only_alerts_stops_nothing() -> None:
    ws = wrong(nothing(), RUN, governed=governed(mode="alert"))

    assert (len(drifts(ws)), told(ws, "BreakerTurned"), is_stopped(ws)) == (2, [], False)


def closing(clock: int) -> Workspace:
    ws = wrong(nothing(), RUN)
    ws.effects.clear()
    ws.put(CLOCK, {"at": clock})
    breaker.due(ws, GOVERNANCE, "b/system/erp")
    return ws


def test_it_closes_by_itself_when_its_time_is_over() -> None:
    assert drifts(closing(50 + OPEN - 1)) == []
    ws = closing(50 + OPEN)

    assert [(d["status"], d["native_id"], d["closed_at"], d["how"]) for d in drifts(ws)] == [
        ("closed", "system/erp", 50 + OPEN, "expired")
    ]
    assert [(value["scope"], value["name"], value["closed_at"]) for _, value in told(ws, "BreakerTurned")] == [
        ("system", "erp", 50 + OPEN)
    ] * 2
    assert (is_stopped(ws, "other"), is_stopped(ws)) == (False, True)
    assert f"w/{50 + OPEN:020d}/{AGAIN}" in waiting(ws)


@pytest.mark.parametrize("how", [REFUSED, INEFFECTIVE])
def test_after_that_the_next_that_goes_wrong_opens_it_again(how: str) -> None:
    ws = closing(50 + OPEN)
    ws.effects.clear()
    wrong(ws, how=how, at=90 * SECOND)

    assert [(d["status"], d["native_id"]) for d in drifts(ws)] == [("open", "system/erp")]


def test_where_one_is_too_many_none_is_counted_beforehand() -> None:
    strict = governed(tolerance_absolute=Decimal(1))
    ws = wrong(nothing(), governed=strict)
    ws.put(CLOCK, {"at": 50 + OPEN})
    breaker.due(ws, strict, "b/system/erp")

    assert ws.get("b/system/erp") == {REFUSED: 0, INEFFECTIVE: 0, "drift": None, "until": None}


def test_nothing_closes_that_is_not_open() -> None:
    ws = wrong(nothing(), 1)
    ws.put(CLOCK, {"at": 99 * OPEN})
    for key in ("b/system/erp", "b/system/crm"):
        breaker.due(ws, GOVERNANCE, key)

    assert drifts(ws) == []


def halt(ws: Workspace, at: int, *, halted: bool = True) -> Workspace:
    ws.effects.clear()
    value = {"scope": "system", "name": "erp", "at": at, "halted": halted, "reason": "a release"}
    breaker.halted(ws, GOVERNANCE, value)
    return ws


def test_somebody_stops_them_until_somebody_resumes_them() -> None:
    ws = halt(nothing(), 60)
    (drift,) = drifts(ws)
    assert (drift["native_id"], drift["opened_at"]) == ("system/erp", 60)
    assert "until `driftwise resume`: a release" in drift["observed"]
    assert waiting(ws) == []
    ws.put(CLOCK, {"at": 99 * OPEN})
    breaker.due(ws, GOVERNANCE, "b/system/erp")
    assert is_stopped(ws)

    halt(ws, 70, halted=False)
    assert [(d["status"], d["closed_at"], d["how"]) for d in drifts(ws)] == [("closed", 70, "accepted")]
    assert (is_stopped(ws), ws.get("b/system/erp")) == (False, None)


def test_one_that_is_open_stays_so_until_it_is_resumed_where_somebody_halts_it_too() -> None:
    ws = halt(wrong(nothing(), RUN), 60)
    assert drifts(ws) == []
    ws.put(CLOCK, {"at": 99 * OPEN})
    breaker.due(ws, GOVERNANCE, "b/system/erp")
    assert drifts(ws) == []
    halt(ws, 40, halted=False)
    assert [(d["closed_at"], d["opened_at"]) for d in drifts(ws)] == [(50, 50)]  # no sooner than it opened


def test_to_resume_what_runs_changes_nothing() -> None:
    ws = wrong(nothing(), 2)
    before = ws.get("b/system/erp")
    halt(ws, 60, halted=False)

    assert (drifts(ws), ws.get("b/system/erp")) == ([], before)


def test_a_scope_may_have_a_name_with_slashes() -> None:
    assert Scope("kind", "a/b").text == "kind/a/b"


# -- what they withhold

HELD = {
    "drift_id": "d1", "kind": POSTED, "canonical_id": "crm:A", "system": "billing", "entity": "invoice",
    "native_id": "I",
}  # fmt: skip


def released(ws: Workspace) -> list[Any]:
    assert all((e.topic, e.key) == (topics.CHANGES, "crm:A") for e in ws.effects if e.record == "CorrectionReleased")
    return [value for _, value in told(ws, "CorrectionReleased")]


def test_what_is_stopped_is_withheld() -> None:
    for stop in (wrong(nothing(), RUN), halt(nothing(), 60)):
        withheld.withhold(stop, {**HELD, "expected": "it"}, "erp")
        assert (stop.get(f"{AGAIN}d1"), released(stop)) == ({**HELD, "target_system": "erp"}, [])
    ws = nothing()
    surge = {"kind": POSTED, "partition": 0, "window_at": 0, "drifting": 5, "customers": 9}
    mass.surged(ws, GOVERNANCE, surge)
    withheld.withhold(ws, HELD, "crm")
    assert (ws.get(f"{AGAIN}d1"), released(ws)) == ({**HELD, "target_system": "crm"}, [])


@pytest.mark.parametrize(("at", "released_at"), [(NEVER, 70), (60, 70), (80, 80)])
def test_what_nothing_stops_any_more_is_let_go_at_once(at: int, released_at: int) -> None:
    ws = nothing(clock=70)
    withheld.withhold(ws, HELD, "erp", at)

    assert (ws.get(f"{AGAIN}d1"), released(ws)) == (None, [{**HELD, "released_at": released_at}])


def test_what_ended_is_forgotten() -> None:
    ws = wrong(nothing(), RUN)
    withheld.withhold(ws, HELD, "erp")
    withheld.forget(ws, "d1")
    before = dict(ws.writes)
    withheld.forget(ws, "d2")

    assert ws.get(f"{AGAIN}d1") is None
    assert ws.writes == before


def test_once_a_stop_has_ended_what_nothing_else_stops_is_let_go_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withheld, "SLICE", 2)
    ws = wrong(nothing(), RUN)
    for number in range(3):
        kind = "other" if number == 1 else POSTED
        withheld.withhold(ws, {**HELD, "drift_id": f"d{number}", "kind": kind}, "erp")
    breaker.halted(ws, GOVERNANCE, {"scope": "kind", "name": POSTED, "at": 60, "halted": False, "reason": ""})
    ws.put(CLOCK, {"at": 70})
    withheld.due(ws, GOVERNANCE, AGAIN)
    assert (released(ws), len(ws.range(AGAIN, 9))) == ([], 3)  # the system's is open still
    assert f"w/{70:020d}/{AGAIN}{AGAIN}d1" in waiting(ws)

    halt(ws, 75, halted=False)
    withheld.due(ws, GOVERNANCE, f"{AGAIN}{AGAIN}d1")
    assert [value["drift_id"] for value in released(ws)] == ["d2"]
    withheld.due(ws, GOVERNANCE, AGAIN)
    assert [(value["drift_id"], value["released_at"]) for value in released(ws)] == [("d2", 70), ("d0", 70), ("d1", 70)]
    assert ws.range(AGAIN, 9) == []
