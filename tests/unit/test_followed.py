"""What becomes of a correction once it is asked for, asked directly; times are plain numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from streams import canary
from streams.fleet import breaker, corrections, mass
from streams.fleet.breaker import INEFFECTIVE, REFUSED
from streams.fleet.table import AGAIN, CLOCK
from streams.governance.model import Governance
from tables.view import Workspace
from tests.unit.fleet_stage import GOVERNANCE, NOBODY, POSTED, SPAN, drifts, nothing, told, waiting

DRIFT = {
    "drift_id": "d1", "kind": POSTED, "canonical_id": "crm:A", "system": "billing", "entity": "invoice",
    "native_id": "I", "owner_system": "billing", "expected": "it is posted", "amount_at_stake": None, "restraint": "",
    "mode": "execute",
}  # fmt: skip
AMOUNT = {"amount": Decimal("9.00"), "currency": "EUR", "basis": "gross"}
FINISHED = 50
UNTIL = FINISHED + SPAN
"""So long the target's own changes have to show it."""


def asked(restraint: str = "", governed: Governance = GOVERNANCE, **more: Any) -> Workspace:
    ws = nothing()
    value = corrections.tell_asked({**DRIFT, "restraint": restraint}, "erp").value
    assert value is not None
    corrections.asked(ws, governed, {**value, **more})
    return ws


def performed(ws: Workspace, status: str = "applied", *, reason: str = "", command: str = "c1", attempt: int = 1,
              at: int = FINISHED, to: str = "erp", drift_id: str = "d1") -> Workspace:  # fmt: skip
    named = {"command_id": command, "drift_id": drift_id, "type": "erp.invoice.post", "target_system": to}
    answer = {"status": status, "reason": reason, "native_id": "", "attempt": attempt, "finished_at": at}
    corrections.performed(ws, GOVERNANCE, named | answer)
    return ws


def judged(ws: Workspace, until: int, clock: int) -> Workspace:
    """Judge is that far in every partition, and it is that late."""
    for partition in range(GOVERNANCE.partitions):
        for system in GOVERNANCE.systems:
            canary.alive(ws, system, partition, until - canary.judged_until(nothing(), GOVERNANCE, system, 0) - 2**62)
    ws.put(CLOCK, {"at": clock})
    return ws


def due(ws: Workspace, governed: Governance = GOVERNANCE) -> list[Any]:
    ws.effects.clear()
    corrections.due(ws, governed, "k/d1")
    return drifts(ws)


def ended(ws: Workspace, how: str = "corrected", drift_id: str = "d1") -> list[Any]:
    ws.effects.clear()
    corrections.ended(ws, GOVERNANCE, {"drift_id": drift_id, "closed_at": 99 * SPAN, "how": how})
    return [(d["status"], d["closed_at"], d["how"]) for d in drifts(ws)]


def gone_wrong(ws: Workspace, scope: str = "system/erp") -> dict[str, int]:
    known = ws.get(f"b/{scope}") or {}
    return {how: known[how] for how in (REFUSED, INEFFECTIVE) if known.get(how)}


# -- what judge says


def test_judge_says_what_is_asked_for_and_what_has_ended() -> None:
    said, over = corrections.tell_asked(DRIFT, "erp"), corrections.tell_ended("d1", 9, "corrected")

    assert (said.topic, said.key, said.record, said.partition) == (topics.PROGRESS, "d1", "CorrectionAsked", 0)
    assert said.value == {**{name: value for name, value in DRIFT.items() if name != "mode"}, "target_system": "erp"}
    assert (over.topic, over.key, over.record, over.partition) == (topics.PROGRESS, "d1", "DriftEnded", 0)
    assert over.value == {"drift_id": "d1", "closed_at": 9, "how": "corrected"}


@pytest.mark.parametrize(
    ("judges", "known", "is_followed"),
    [
        ((corrections.KIND,), True, True),
        ((breaker.KIND,), True, True),
        ((mass.KIND,), True, True),
        ((breaker.KIND,), False, False),
        ((POSTED,), True, False),
    ],
)
def test_it_is_followed_where_it_is_told_of_or_may_have_corrections_stopped(
    judges: tuple[str, ...], known: bool, is_followed: bool
) -> None:
    kinds = {name: kind for name, kind in GOVERNANCE.kinds.items() if known or name != corrections.KIND}

    assert corrections.followed(GOVERNANCE.model_copy(update={"judged": judges, "kinds": kinds})) is is_followed


def test_what_is_asked_for_is_kept_once_with_what_is_at_stake() -> None:
    ws = asked(amount_at_stake=AMOUNT)
    kept = {name: value for name, value in DRIFT.items() if name not in ("restraint", "mode", "amount_at_stake")}

    entry = ws.get("k/d1")
    assert entry is not None
    assert (entry["amount_at_stake"], entry["result"], entry["drift"]) == ({**AMOUNT, "amount": "9"}, None, None)
    assert {name: entry[name] for name in kept} == kept
    ws.put("k/d1", {**entry, "result": {"status": "applied"}})
    corrections.asked(ws, GOVERNANCE, {**DRIFT, "target_system": "erp"})
    assert (ws.get("k/d1") or {})["result"] == {"status": "applied"}
    assert (asked().get("k/d1") or {})["amount_at_stake"] is None
    assert asked(governed=NOBODY).get("k/d1") is None


def test_what_a_stop_keeps_back_is_let_go_where_nothing_stops_it_any_more() -> None:
    ws = asked("breaker")

    assert ws.get("k/d1") is None
    assert [value["drift_id"] for _, value in told(ws, "CorrectionReleased")] == ["d1"]


# -- what the target answers


@pytest.mark.parametrize(
    ("status", "wrong"),
    [("applied", False), ("noop_already_right", False), ("rejected", True), ("failed", True), ("withheld", False),
     ("unknown", False)],
)  # fmt: skip
def test_an_answer_counts_for_the_breaker_where_it_says_something_of_the_target(status: str, wrong: bool) -> None:
    ws = performed(asked(), status)

    assert gone_wrong(ws) == gone_wrong(ws, f"kind/{POSTED}") == ({REFUSED: 1} if wrong else {})


def test_it_counts_once_for_each_command() -> None:
    ws = performed(performed(asked(), "rejected"), "failed", attempt=2)
    assert gone_wrong(ws) == {REFUSED: 1}
    performed(ws, "rejected", command="c2")
    assert gone_wrong(ws) == {REFUSED: 2}


def test_one_that_was_not_asked_for_is_no_answer() -> None:
    ws = performed(performed(asked(), "unknown"), "rejected")
    assert gone_wrong(ws) == {REFUSED: 1}
    assert gone_wrong(performed(asked(), "rejected", to="crm"), "system/crm") == {REFUSED: 1}


def test_the_last_answer_is_kept_and_waited_for() -> None:
    ws = performed(performed(asked()), "applied", at=70, attempt=2, reason="by hand")

    assert (ws.get("k/d1") or {})["result"] == {
        "command_id": "c1", "type": "erp.invoice.post", "target_system": "erp", "status": "applied",
        "reason": "by hand", "attempt": 2, "finished_at": 70,
    }  # fmt: skip
    assert waiting(ws) == [f"w/{at + SPAN:020d}/k/d1" for at in (FINISHED, 70)]
    late = asked()
    late.put(CLOCK, {"at": 9 * SPAN})
    assert waiting(performed(late)) == [f"w/{9 * SPAN:020d}/k/d1"]


def test_of_what_nobody_asked_for_or_is_told_already_nothing_is_kept() -> None:
    ws = performed(asked(), drift_id="d2")
    assert ((ws.get("k/d1") or {})["result"], ws.get("k/d2"), waiting(ws)) == (None, None, [])
    ws = ineffective()
    before = ws.get("k/d1")
    assert performed(ws, "rejected", command="c2").get("k/d1") == before
    assert gone_wrong(ws) == {INEFFECTIVE: 1}


def test_what_an_executor_withheld_for_a_stop_is_asked_for_once_that_ends_and_else_not() -> None:
    ws = performed(asked(), "withheld", reason="halted")
    assert [value["released_at"] for _, value in told(ws, "CorrectionReleased")] == [FINISHED]
    assert (ws.get("k/d1") or {})["result"]["status"] == "withheld"

    ws = performed(asked(), "withheld", reason="not_asked_any_more")
    assert (told(ws, "CorrectionReleased"), (ws.get("k/d1") or {})["result"], waiting(ws)) == ([], None, [])


# -- whether it shows


def ineffective(status: str = "applied", reason: str = "") -> Workspace:
    ws = judged(performed(asked(), status, reason=reason), UNTIL, UNTIL)
    corrections.due(ws, GOVERNANCE, "k/d1")
    return ws


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        ("applied", "", "the target answered at"), ("applied", "by hand", "(applied: by hand, attempt 1)"),
        ("noop_already_right", "", "(noop already right, attempt 1)"),
        ("withheld", "halted", "the target was not asked at"),
    ],
)  # fmt: skip
def test_what_does_not_show_in_time_is_told(status: str, reason: str, said: str) -> None:
    (drift,) = drifts(ineffective(status, reason))

    assert (drift["kind"], drift["canonical_id"], drift["causes"]) == (corrections.KIND, "crm:A", [POSTED])
    assert (drift["system"], drift["entity"], drift["native_id"]) == ("billing", "invoice", "I")
    assert (drift["trigger_version"], drift["triggered_at"], drift["due_at"]) == ("c1", FINISHED, UNTIL)
    assert said in drift["observed"]
    assert drift["expected"] == "it is posted, as erp.invoice.post was to bring about"


def test_it_is_waited_for_until_its_time_is_over_and_judge_has_come_so_far() -> None:
    ws = judged(performed(asked()), UNTIL, UNTIL - 1)
    assert (due(ws), waiting(ws)) == ([], [f"w/{UNTIL:020d}/k/d1"])
    ws = judged(performed(asked()), UNTIL - 1, UNTIL)
    assert (due(ws), waiting(ws)[-1]) == ([], f"w/{UNTIL + 1:020d}/k/d1")
    assert gone_wrong(ws) == {}
    canary.alive(ws, "erp", topics.partition_for("crm:A", GOVERNANCE.partitions), UNTIL)  # billing is not so far
    assert due(ws) == []
    assert len(due(judged(ws, UNTIL, UNTIL + 1))) == 1
    assert due(ws) == []


def test_what_was_not_performed_or_is_over_is_not_told() -> None:
    assert due(judged(asked(), UNTIL, UNTIL)) == []
    assert due(judged(nothing(), UNTIL, UNTIL)) == []


def test_judge_is_waited_for_in_the_systems_that_the_kind_looks_at_and_for_one_that_is_no_more_not() -> None:
    for kind, entity, number in ((POSTED, "invoice", 0), ("gone", "invoice", 1), (POSTED, "refund", 1)):
        ws = performed(asked(kind=kind, entity=entity))
        ws.put(CLOCK, {"at": UNTIL})
        assert len(due(ws)) == number


def test_where_nobody_is_to_be_told_it_is_counted_all_the_same() -> None:
    ws = judged(performed(asked()), UNTIL, UNTIL)
    breakers_only = GOVERNANCE.model_copy(update={"judged": (breaker.KIND,)})

    assert due(ws, breakers_only) == []
    assert (ws.get("k/d1"), gone_wrong(ws)) == (None, {INEFFECTIVE: 1})


@pytest.mark.parametrize(
    ("status", "counts"), [("applied", True), ("noop_already_right", True), ("rejected", False), ("withheld", False)]
)
def test_what_was_answered_well_and_does_not_show_counts_for_the_breaker(status: str, counts: bool) -> None:
    reason = "halted" if status == "withheld" else ""

    assert (INEFFECTIVE in gone_wrong(ineffective(status, reason))) is counts


def test_it_counts_for_the_system_that_was_asked_and_in_an_answer_of_an_earlier_release_for_the_owner() -> None:
    for kept, scope in (({"target_system": "crm"}, "system/crm"), ({}, "system/billing")):
        ws = performed(asked())
        entry = ws.get("k/d1") or {}
        result = {name: value for name, value in entry["result"].items() if name != "target_system"}
        ws.put("k/d1", {**entry, "result": result | kept})
        due(judged(ws, UNTIL, UNTIL))
        assert gone_wrong(ws, scope) == {INEFFECTIVE: 1}


def test_it_ends_with_its_drift() -> None:
    ws = ineffective()
    ws.put(f"{AGAIN}d1", {"drift_id": "d1"})

    assert ended(ws, "self_healed") == [("closed", 99 * SPAN, "self_healed")]
    assert (ws.get("k/d1"), ws.get(f"{AGAIN}d1")) == (None, None)
    assert ended(asked()) == []
    ws = asked()
    assert (ended(ws, drift_id="d2"), ws.get("k/d1") is not None) == ([], True)


@pytest.mark.parametrize(("how", "left"), [("corrected", {}), ("self_healed", {INEFFECTIVE: 1})])
def test_one_that_shows_brings_trust_back(how: str, left: dict[str, int]) -> None:
    ws = ineffective()
    ended(ws, how)

    assert gone_wrong(ws) == left


def test_one_that_was_never_answered_brings_none() -> None:
    ws = asked()
    breaker.went(ws, GOVERNANCE, POSTED, "erp", 1, INEFFECTIVE, wrong=True)
    ended(ws)

    assert gone_wrong(ws) == {INEFFECTIVE: 1}
