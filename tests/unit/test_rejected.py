"""From when to when a rejection counts, what lifts it, and whom it has judged again, asked directly; times are plain
numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS
from streams.judge.approvals import Approval, approved, on_approval
from streams.judge.keys import ANY_REJECTED, ObligationKey, drift_key
from streams.judge.reconsider import note, on_change
from streams.judge.rejections import NOTHING, Rejection, counting, is_rejected, on_rejection
from streams.kinds.asof import AsOf
from streams.kinds.table import BY_NAME
from tables.view import Workspace
from tests.unit.looked_at import CUSTOMER, record, workspace
from tests.unit.test_approved import KEY, PASSED, RULED, SAID, SPAN, hear, heard, judged_again

NO = {**SAID, "by": "you", "reason": "not ours", "at": 7}
FIRST = Rejection("c1", 7, "you", "not ours", PASSED + 1)
KIND = BY_NAME[KEY.kind]


def reject(ws: Workspace, **otherwise: Any) -> Workspace:
    on_rejection(ws, RULED, {**NO, **otherwise})
    return ws


def lift(ws: Workspace, lifts: int | None = 7, *, only: bool = False, **otherwise: Any) -> Workspace:
    on_approval(ws, RULED, {**SAID, "lifts": lifts, "only_lifts": only, **otherwise})
    return ws


def later(ws: Workspace, passed: int) -> Workspace:
    hear(ws, passed, *RULED.newest.systems)
    return ws


def at(ws: Workspace, instant: int) -> AsOf:
    return AsOf(ws, RULED.newest, CUSTOMER, instant)


def counted(ws: Workspace, instant: int, command_id: str | None = "c1") -> Rejection | None:
    return counting(ws, at(ws, instant), "d1", command_id)


def by(ws: Workspace, instant: int, command_id: str | None = "c1") -> str | None:
    found = approved(ws, at(ws, instant), "d1", command_id)
    return found.by if found else None


@pytest.mark.parametrize(("instant", "counts"), [(100, None), (101, FIRST), (10**15, FIRST)])
def test_it_counts_from_what_was_not_decided_on_for_ever(instant: int, counts: Rejection | None) -> None:
    assert counted(reject(heard()), instant) == counts


def test_who_asks_is_judged_as_it_begins_and_as_it_ends() -> None:
    ws = lift(later(reject(heard()), 120))
    moments = []
    for instant in (50, 110, 130):
        now = at(ws, instant)
        counting(ws, now, "d1", "c1")
        moments.append(now.next_change)

    assert moments == [101, 121, ALWAYS]


@pytest.mark.parametrize("other", [{"kind": "nothing"}, {"entity": "refund"}, {"system": "old"}])
def test_of_what_is_not_governed_nothing_is_kept(other: dict[str, str]) -> None:
    assert counted(reject(heard(), **other), 101) is None


def test_that_of_the_command_itself_comes_before_that_of_another() -> None:
    ws = reject(reject(heard(), command_id="c0", by="he"))

    assert [(counted(ws, 101, c) or FIRST).by for c in ("c0", "c1", "c2", None)] == ["he", "you", "he", "he"]
    assert counting(ws, at(ws, 101), "d2", "c1") is None


def test_exactly_what_the_drift_asks_for_is_rejected() -> None:
    ws = reject(heard())
    drifts = [{"drift_id": "d1", "command_id": c} for c in ("c1", "c2", None)]

    assert [is_rejected(ws, at(ws, 101), drift) for drift in drifts] == [True, False, False]
    assert not is_rejected(ws, at(ws, 100), drifts[0])


@pytest.mark.parametrize(("settled", "again"), [(50, 101), (100, 101), (150, 151)])
def test_what_asks_for_it_is_judged_from_then_on_and_behind_what_is_settled(settled: int, again: int) -> None:
    assert judged_again(reject(heard(A=settled))) == {CUSTOMER: again}


def test_so_is_it_where_it_has_gone_meanwhile_and_as_it_is_lifted() -> None:
    ws = heard(A=50, Z=60, Y=70)
    ws.put(drift_key("d1"), {"customer": "crm:Z"})
    assert judged_again(reject(ws)) == {"crm:A": 101, "crm:Z": 101}

    ws = heard(A=50)
    reject(ws)
    ws.put(KEY.text(), {"settled": 110})
    assert judged_again(lift(later(ws, 120))) == {CUSTOMER: 121}


def test_a_drift_says_of_it_who_and_why() -> None:
    assert FIRST.told() == {
        "rejected_command_id": "c1", "rejected_by": "you", "rejected_reason": "not ours", "rejected_at": 7,
    }  # fmt: skip
    assert FIRST.told().keys() == NOTHING.keys()


# -- with approvals


def test_it_counts_more_than_an_approval_that_does_not_name_it_whichever_came_first() -> None:
    before = reject(later(lift(heard(), None), 110))
    after = lift(later(reject(heard()), 110), None)

    assert [by(before, instant) for instant in (101, 110, 111, 140)] == ["me", "me", None, None]
    assert [by(after, instant) for instant in (101, 110, 111, 140)] == [None] * 4


def test_an_approval_of_before_counts_until_it_is_rejected_and_not_when_that_is_lifted() -> None:
    ws = lift(heard(), None, by="she")
    reject(later(ws, 110))
    lift(later(ws, 120))

    assert [by(ws, instant) for instant in (100, 101, 110, 111, 120, 121)] == [None, "she", "she", None, None, "me"]


def test_what_lifts_it_counts_as_long_as_any_approval() -> None:
    ws = lift(later(reject(heard()), 120))

    assert approved(ws, at(ws, 121), "d1", "c1") == Approval("me", 121, 121 + SPAN)
    assert [by(ws, 120 + SPAN), by(ws, 121 + SPAN), counted(ws, 121 + SPAN)] == ["me", None, None]
    assert by(lift(later(ws, 121 + SPAN), None, by="she"), 122 + SPAN) == "she"


def test_what_only_lifts_it_approves_nothing() -> None:
    ws = lift(later(reject(heard()), 120), only=True)

    assert (counted(ws, 120), counted(ws, 121), by(ws, 121)) == (FIRST._replace(
        lifted_at=121, until=121 + SPAN), None, None)  # fmt: skip
    assert by(lift(heard(), None, only=True), 101) is None


@pytest.mark.parametrize("other", [{"lifts": 8}, {"lifts": None}, {"command_id": "c2"}, {"drift_id": "d2"}])
def test_what_does_not_name_it_lifts_nothing(other: dict[str, Any]) -> None:
    ws = reject(heard())
    on_approval(later(ws, 120), RULED, {**SAID, "lifts": 7, "only_lifts": False, **other})

    assert counted(ws, 121) == FIRST


def test_each_is_lifted_by_itself() -> None:
    ws = lift(later(reject(reject(heard()), at=8, by="he"), 120))

    assert counted(ws, 121) == FIRST._replace(said=8, by="he")


def test_the_same_word_again_changes_nothing() -> None:
    ws = lift(later(reject(heard()), 120))
    known = counted(ws, 101)
    for again in (130, 140):
        later(ws, again)
        reject(ws)
        lift(ws, by="she")

    assert (counted(ws, 101), counted(ws, 141), by(ws, 141)) == (known, None, "me")


def test_after_that_it_may_be_rejected_and_lifted_again() -> None:
    ws = lift(later(reject(heard()), 120))
    reject(later(ws, 130), at=9)
    lift(later(ws, 140), 9, by="she")

    assert [by(ws, instant) for instant in (121, 130, 131, 140, 141)] == ["me", "me", None, None, "she"]


# -- as its customer changes


HELD = {"restraint": "rejected"}
ENTRY = f"y/{CUSTOMER}/{KEY.kind}/billing/I"


def noted(before: Any, after: Any, ws: Workspace | None = None, now: int = 101) -> tuple[Workspace, int]:
    ws = ws or heard()
    instant = at(ws, now)
    note(ws, instant, KIND, KEY, before, after)
    return ws, instant.next_change


@pytest.mark.parametrize(("before", "after"), [(None, HELD), (HELD, HELD), ({"restraint": ""}, HELD)])
def test_what_is_rejected_is_noted(before: Any, after: Any) -> None:
    ws, _ = noted(before, after)

    assert (ws.get(ENTRY), ws.get(ANY_REJECTED)) == ({}, {})


@pytest.mark.parametrize("after", [None, {"restraint": ""}, {"restraint": "breaker"}])
def test_until_it_is_not(after: Any) -> None:
    ws, _ = noted(None, HELD)
    noted(HELD, after, ws)
    assert (ws.get(ENTRY), ws.get(ANY_REJECTED)) == (None, None)

    untouched, _ = noted({"restraint": ""}, after)
    assert ENTRY not in untouched.writes


def test_while_another_one_is_rejected_changes_look_for_it() -> None:
    ws, _ = noted(None, HELD)
    ws.put(ENTRY + "2", {})
    noted(HELD, None, ws)

    assert ws.get(ANY_REJECTED) == {}


def test_it_is_judged_again_with_any_change_that_is_known_by_then() -> None:
    """The verdict takes no notice of the day on which it was issued."""
    ws = workspace(
        record("billing", "invoice", "I", 50, status="posted", number="N-1", issued_on="2026-01-01"),
        record("billing", "invoice", "I", 130, status="posted", number="N-1", issued_on="2026-01-02"),
    )

    assert noted(None, HELD, ws)[1] == 130
    assert noted(None, HELD, ws, now=130)[1] == ALWAYS
    assert noted(None, {"restraint": ""}, ws)[1] == ALWAYS


def changed(ws: Workspace, at_: int, customer: str = CUSTOMER) -> dict[str, int]:
    on_change(ws, RULED, customer, at_)
    return judged_again(ws)


@pytest.mark.parametrize(("told_at", "again"), [(150, 150), (101, 101), (40, 101)])
def test_and_with_each_that_comes_then_at_the_first_instant_that_is_not_decided(told_at: int, again: int) -> None:
    ws, _ = noted(None, HELD, heard(A=50))

    assert changed(ws, told_at) == {CUSTOMER: again}


def test_nobody_elses_change_matters_nor_one_where_nothing_is_rejected() -> None:
    ws, _ = noted(None, HELD, heard(A=50))

    assert changed(ws, 150, "crm:Z") == {}
    assert changed(heard(A=50), 150) == {}


def test_what_has_left_is_noted_no_more_and_what_is_of_a_system_that_has_gone_waits() -> None:
    ws, _ = noted(None, HELD)
    assert changed(ws, 150) == {}
    assert ws.get(ENTRY) is None

    gone = ObligationKey(CUSTOMER, KEY.kind, "old", "I")
    ws.put(gone.text(), {"settled": 50})
    ws.put(f"y/{CUSTOMER}/{KEY.kind}/old/I", {})
    assert changed(ws, 150) == {}
    assert ws.get(f"y/{CUSTOMER}/{KEY.kind}/old/I") == {}
