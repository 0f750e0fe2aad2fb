"""From when to when an approval counts, and whom it has judged again, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS, NEVER, SECOND
from schemas.source import ALL_OBJECTS
from streams.governance.in_force import InForce
from streams.judge.approvals import Approval, approved, may_be_performed, on_approval
from streams.judge.keys import MARKS, ObligationKey, approval_key, drift_key
from streams.judge.obligation import Obligation
from streams.kinds.asof import AsOf
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER

PASSED, SPAN = 100, 40
RULED = InForce.only(
    five_systems().model_copy(
        update={
            "ended_drift_retention_seconds": SPAN / SECOND,
            "late_retention_seconds": 0,
            "judged": ("invoice_not_posted",),
            "partitions": 1,
            "derived": {},
        }
    )
)
KEY = ObligationKey(CUSTOMER, "invoice_not_posted", "billing", "I")
SAID = {
    "command_id": "c1", "drift_id": "d1", "kind": KEY.kind, "entity": "invoice", "system": "billing", "native_id": "I",
    "canonical_id": CUSTOMER, "by": "me",
}  # fmt: skip


def heard(passed: int | None = PASSED, **settled: int) -> Workspace:
    """With obligations of the invoice at these customers, judged so far."""
    ws, systems = Workspace(MemoryView()), RULED.newest.systems
    hear(ws, passed, *systems)
    for account, instant in settled.items():
        ws.put(KEY._replace(customer=f"crm:{account}").text(), Obligation("open", settled=instant).as_json())
    return ws


def hear(ws: Workspace, passed: int | None, *systems: str) -> None:
    if passed is not None:
        ws.put(MARKS, {name(s, of): {"0": [0, "streaming", passed]} for s in systems for of in (ALL_OBJECTS, LINKS)})


def approve(ws: Workspace, ruled: InForce = RULED, **otherwise: Any) -> Workspace:
    on_approval(ws, ruled, {**SAID, **otherwise})
    return ws


def counts(ws: Workspace) -> tuple[str, int, int] | None:
    held = ws.get(approval_key("c1"))
    return None if held is None else (held["by"], held["at"], held["until"])


def judged_again(ws: Workspace) -> dict[str, int]:
    found = ((ObligationKey.parse(key).customer, value) for key, value in ws.range("o/", 9))
    return {customer: value["next"] for customer, value in found if "next" in value}


def test_it_counts_from_what_was_not_decided_on_for_as_long_as_ended_drifts_are_kept() -> None:
    assert counts(approve(heard())) == ("me", PASSED + 1, PASSED + 1 + SPAN)


def test_or_for_ever_where_those_are_or_a_source_is_not_heard() -> None:
    for_ever = InForce.only(RULED.newest.model_copy(update={"ended_drift_retention_seconds": None, "derived": {}}))

    assert counts(approve(heard(), for_ever)) == ("me", PASSED + 1, ALWAYS)
    assert counts(approve(heard(None))) == ("me", NEVER + 1, ALWAYS)


@pytest.mark.parametrize(("later", "by"), [(PASSED + SPAN - 1, "me"), (PASSED + SPAN, "you")])
def test_the_first_word_stands_until_it_counts_no_more(later: int, by: str) -> None:
    ws = approve(heard())
    hear(ws, later, *RULED.newest.systems)

    counted = counts(approve(ws, by="you"))
    assert counted is not None
    assert counted[0] == by


@pytest.mark.parametrize("other", [{"kind": "nothing"}, {"entity": "refund"}, {"system": "old"}])
def test_of_what_is_not_governed_nothing_is_kept(other: dict[str, str]) -> None:
    assert counts(approve(heard(), **other)) is None


@pytest.mark.parametrize(("settled", "again"), [(50, 101), (100, 101), (101, 102), (150, 151)])
def test_what_asks_for_it_is_judged_from_then_on_and_behind_what_is_settled(settled: int, again: int) -> None:
    assert judged_again(approve(heard(A=settled))) == {"crm:A": again}


def test_what_was_not_judged_yet_is_judged_as_it_begins_to_count() -> None:
    ws = heard()
    ws.put(KEY.text(), Obligation(next=200).as_json())

    assert judged_again(approve(ws)) == {CUSTOMER: 101}


def test_it_is_no_late_evidence() -> None:
    ws, anew = heard(), {"told": [["v3", 3, "late", 9]], "next": 20}
    ws.put(KEY.text(), anew)

    assert approve(ws).get(KEY.text()) == anew


def test_so_is_it_where_it_has_gone_meanwhile() -> None:
    ws = heard(A=50, Z=60, Y=70)
    ws.put(drift_key("d1"), {"customer": "crm:Z"})

    assert judged_again(approve(ws)) == {"crm:A": 101, "crm:Z": 101}


def asked(at: int, command_id: str | None = "c1") -> tuple[Approval | None, int]:
    ws = Workspace(MemoryView())
    ws.put(approval_key("c1"), Approval("me", 101, 141)._asdict())
    now = AsOf(ws, RULED.newest, CUSTOMER, at)
    return approved(ws, now, "d1", command_id), now.next_change


@pytest.mark.parametrize(("at", "is_approved"), [(100, False), (101, True), (140, True), (141, False)])
def test_exactly_that_command_is_approved_and_who_asks_is_judged_as_it_begins(at: int, is_approved: bool) -> None:
    assert asked(at) == (Approval("me", 101, 141) if is_approved else None, 101 if at < 101 else ALWAYS)
    assert asked(at, "c2") == asked(at, None) == (None, ALWAYS)


@pytest.mark.parametrize(
    ("mode", "restraint", "command_id", "may"),
    [
        ("propose", "", "c1", True),
        ("propose", "over_limit", "c1", True),
        ("propose", "rejected_before", "c1", True),
        ("propose", "breaker", "c1", False),
        ("execute", "", "c1", False),
        ("alert", "", "c1", False),
        ("propose", "", "c2", False),
        ("propose", "", None, False),
    ],
)
def test_what_is_proposed_for_want_of_a_decision_alone_may_be_performed(
    mode: str, restraint: str, command_id: str | None, may: bool
) -> None:
    ws = Workspace(MemoryView())
    ws.put(approval_key("c1"), Approval("me", 101, 141)._asdict())
    drift = {"drift_id": "d1", "mode": mode, "restraint": restraint, "command_id": command_id}

    assert may_be_performed(ws, AsOf(ws, RULED.newest, CUSTOMER, 110), drift) is may
