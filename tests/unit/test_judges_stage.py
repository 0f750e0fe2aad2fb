"""Judge as a stage: which record does what, what waits at which gate, and how far gates are open; asked directly, times
are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import ALWAYS, NEVER, SECOND
from schemas.source import ALL_OBJECTS
from streams import canary
from streams.identify.changes import change, moved
from streams.inputs import Divert, Due, Input
from streams.judge.approvals import Approval
from streams.judge.keys import (
    GOVERNANCE,
    MARKS,
    REACHED,
    RETENTION,
    ObligationKey,
    approval_key,
    burying_key,
    freezes_prefix,
    leaving_key,
    rejections_key,
    rollout_key,
    tombstone_key,
)
from streams.judge.obligation import Obligation, Release, Trigger
from streams.judge.published import publication
from streams.judge.retention import AWAITS, Place, queue
from streams.judge.rollout import GATE as ROLLOUT
from streams.judge.stage import Judge
from streams.kinds.asof import entity_key
from tables.deadlines import LAST
from tables.versions import MOVED
from tables.view import Emit, MemoryView, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, version_of

POSTED, SLOW = "invoice_not_posted", "won_without_erp_customer"
RULES = five_systems().model_copy(update={"judged": (POSTED, SLOW), "partitions": 1, "derived": {}})
KEY = ObligationKey(CUSTOMER, POSTED, "billing", "I")
NOW = 100
TOTAL = {"amount": "119.00", "currency": "EUR", "basis": "gross"}
INVOICE = record("billing", "invoice", "I", 3, number="N-1", status="posted", total=TOTAL)


def marks(until: int = NOW, **otherwise: int) -> dict[str, Any]:
    until_of = dict.fromkeys(RULES.systems, until) | otherwise
    return {name(s, of): {"0": [0, "streaming", at]} for s, at in until_of.items() for of in (ALL_OBJECTS, LINKS)}


class Stage:
    def __init__(self, heard: dict[str, Any] | None = None) -> None:
        self.judge = Judge(RULES)
        self.ws = Workspace(MemoryView())
        self.ws.put(MARKS, marks() if heard is None else heard)

    def take(self, told: Emit | tuple[str, dict[str, Any]]) -> str:
        kind, value = (told.record, told.value or {}) if isinstance(told, Emit) else told
        return self.judge.step(self.ws, 0, Input(topics.CHANGES, 0, 0, "", kind, value, {}))

    def obligation(self, key: ObligationKey = KEY) -> Obligation:
        return Obligation.from_json(self.ws.get(key.text()))

    def versions(self) -> list[dict[str, Any]]:
        found = self.ws.get(entity_key(CUSTOMER, "invoice", "billing", "I"))
        return found["versions"] if found else []


def invoice(at: int = 3) -> Emit:
    return change(CUSTOMER, "billing", "invoice", "I", version_of(INVOICE._replace(at=at)), 0, at)


# -- each record does what it says


def test_a_change_is_kept_as_it_was_told_and_judged_at_its_instant() -> None:
    stage = Stage()

    assert stage.take(invoice(NOW + 3)) == "folded"
    assert [(v["at"], v["op"], v["version"]) for v in stage.versions()] == [(NOW + 3, "upsert", f"v{NOW + 3}")]
    assert stage.obligation().next == NOW + 3


def test_a_move_takes_it_from_its_customer() -> None:
    stage = Stage()
    stage.take(invoice())
    told = {**version_of(INVOICE), "version": "v9"}

    assert stage.take(moved(CUSTOMER, "billing", "invoice", "I", told, 4, NOW + 9)) == "folded"
    _, gone = stage.versions()
    assert gone == {
        "version": "v9", "native": "", "customer": told["customer"], "at": NOW + 9, "committed_at": NOW + 9,
        "op": MOVED, "attrs": None, "since": {}, "by": "unknown", "snapshot": False, "source": "", "route": 4,
    }  # fmt: skip


def mark(until: int | None, epoch: int = 0, phase: str = "streaming", system: str = "erp") -> dict[str, Any]:
    return {"system": system, "object": ALL_OBJECTS, "epoch": epoch, "phase": phase, "watermark": until}


def test_watermarks_are_kept_by_source_and_partition_and_how_far_those_were_that_are_taken_back() -> None:
    stage = Stage({})

    assert stage.take(("Watermarks", {"partition": 0, "watermarks": [mark(5), mark(7, system="crm")]})) == "watermarks"
    stage.take(("Watermarks", {"partition": 1, "watermarks": [mark(6)]}))
    first = {"crm/*": {"0": [0, "streaming", 7]}, "erp/*": {"0": [0, "streaming", 5], "1": [0, "streaming", 6]}}
    assert (stage.ws.get(MARKS), stage.ws.get(REACHED)) == (first, None)

    taken_back = stage.take(("Watermarks", {"partition": 1, "watermarks": [mark(None, phase="gap")]}))
    assert taken_back in stage.judge.settled_before
    assert (stage.ws.get(MARKS) or {})["erp/*"]["1"] == [0, "gap", None]
    assert stage.ws.get(REACHED) == {"erp/*": {"1": 6}}


OF_THE_INVOICE = {
    "drift_id": "d1", "canonical_id": CUSTOMER, "kind": POSTED, "entity": "invoice", "system": "billing",
    "native_id": "I",
}  # fmt: skip


def test_people_and_the_fleet_are_heard_by_who_judges() -> None:
    stage = Stage()
    stage.ws.put(KEY.text(), Obligation("open", Trigger(3, "v3"), settled=50, drift={"drift_id": "d1"}).as_json())

    assert stage.take(("CorrectionReleased", {**OF_THE_INVOICE, "released_at": 60})) == "correctionreleased"
    assert stage.obligation().releases == (Release("d1", NOW + 1),)
    approval = {**OF_THE_INVOICE, "command_id": "c1", "by": "me"}
    assert stage.take(("CorrectionApproved", approval)) == "correctionapproved"
    kept = stage.ws.get(approval_key("c1"))
    assert kept is not None
    assert Approval(kept["by"], kept["at"], 0) == ("me", NOW + 1, 0)
    rejection = {**approval, "reason": "not ours", "at": 5}
    assert stage.take(("CorrectionRejected", rejection)) == "correctionrejected"
    assert (stage.ws.get(rejections_key("d1")) or {})["rejections"][0][:5] == ["c1", 5, "me", "not ours", NOW + 1]
    turned = {"scope": "system", "name": "erp", "drift_id": "d9", "closed_at": None}
    assert stage.take(("BreakerTurned", turned)) == "breakerturned"
    assert stage.ws.get("b/system/erp/d9") == {"opened": marks()}
    frozen = {"canonical_id": CUSTOMER, "system": "billing", "native_customer": "B", "drift_id": "k1"}
    assert stage.take(("CustomerFrozen", {**frozen, "frozen_at": 70, "frozen_until": None})) == "customerfrozen"
    kept = stage.ws.get(f"{freezes_prefix(CUSTOMER)}billing/B")
    assert kept is not None
    assert kept["spans"]["k1"][:2] == [70, None]


def test_a_hole_opens_and_closes() -> None:
    stage = Stage()
    hole = {"canonical_id": CUSTOMER, "system": "erp", "entity": "customer", "letter_id": "L", "opened_at": 7}
    place = f"h/{CUSTOMER}/erp/customer/L"

    assert stage.take(("HoleOpened", hole)) == "holeopened"
    assert stage.ws.get(place) == {"at": 7}
    assert stage.take(("HoleClosed", {**hole, "how": "replayed"})) == "holeclosed"
    assert stage.ws.get(place) is None


def test_what_a_newer_release_writes_is_put_aside_with_its_name() -> None:
    with pytest.raises(Divert, match="carries no Weather") as refused:
        Stage().take(("Weather", {}))
    assert refused.value.reason == "unknown_record"


LETTER = {
    "letter_id": "L", "system": "billing", "entity": "invoice", "reason": "too_large", "diverted_at": 5,
}  # fmt: skip


def test_of_what_judge_refused_the_fleet_hears_where_it_is_of_finance() -> None:
    stage = Stage()
    stage.judge.diverted(stage.ws, 0, LETTER)
    stage.judge.diverted(stage.ws, 0, {**LETTER, "entity": "opportunity"})

    assert [(e.topic, e.record, e.key) for e in stage.ws.effects] == [(topics.PROGRESS, "LetterWritten", "L")]


# -- what waits, at which gate

WAITS = [
    # key, value, gate and instant
    (rollout_key(50), {"after": ""}, (ROLLOUT, NEVER)),
    (rollout_key(50), None, None),
    (leaving_key(50), {}, (LAST, 50)),
    (leaving_key(50), None, None),
    (burying_key(60), {}, (LAST, 60)),
    (burying_key(60), None, None),
    (KEY.text(), {"next": 7}, ((POSTED, "billing"), 7)),
    (KEY.text(), {"next": 7, "awaits": 5}, (AWAITS, 5)),
    (KEY.text(), {"next": 7, "awaits": 0}, (AWAITS, 0)),
    (KEY.text(), {"next": 7, "held": "L"}, None),
    (KEY.text(), {"next": 7, "awaits": 5, "held": "L"}, None),
    (KEY.text(), {"status": "open"}, None),
    (KEY.text(), {"next": ALWAYS}, None),
    (KEY.text(), None, None),
    (f"p/{CUSTOMER}", {"next": 7}, None),
    (MARKS, {"next": 7}, None),
]


@pytest.mark.parametrize(("key", "value", "waits"), WAITS)
def test_what_is_to_be_judged_waits_at_the_gate_of_its_kind_and_system(key: str, value: Any, waits: Any) -> None:
    assert Judge(RULES).wake(key, value) == waits


def test_there_is_a_gate_for_each_kind_and_system_that_has_its_subjects_and_those_that_come_last_are_last() -> None:
    stage = Stage()
    gates = list(stage.judge.gates(stage.ws))

    canaries = [canary.gate(system) for system in RULES.systems]
    assert set(gates) == {ROLLOUT, (POSTED, "billing"), (SLOW, "crm"), *canaries, AWAITS, LAST}
    assert gates[-1] == LAST
    assert len(stage.judge.gates(stage.ws)) == len(gates)
    two_crms = RULES.systems | {"product": RULES.systems["product"].model_copy(update={"role": "crm"})}
    mute = RULES.model_copy(update={"systems": two_crms, "mappings": {**RULES.mappings, "product": {}}, "derived": {}})
    assert (SLOW, "product") not in Judge(mute).gates(stage.ws)


def test_each_is_open_as_far_as_what_it_waits_for_was_heard() -> None:
    stage = Stage(marks(80, crm=60, billing=70))
    gates = stage.judge.gates(stage.ws)

    assert (gates[POSTED, "billing"], gates[SLOW, "crm"]) == (70, 60)
    assert (gates[canary.gate("erp")], gates[canary.gate("billing")]) == (80, 70)
    assert (gates[ROLLOUT], gates[LAST], gates[AWAITS]) == (ALWAYS, 60, 60)
    assert gates[POSTED, "billing"] == 70


@pytest.mark.parametrize(("leaves", "awaits"), [(61, 60), (60, 59), (40, 39)])
def test_what_waits_for_a_leaving_to_be_decided_waits_for_it(leaves: int, awaits: int) -> None:
    stage = Stage(marks(60))
    queue(stage.ws, Place(CUSTOMER, "invoice", "billing", "I"), leaves)
    gates = stage.judge.gates(stage.ws)

    assert (gates[AWAITS], gates[LAST]) == (awaits, 60)


def test_gates_follow_the_marks_what_is_undecided_and_the_rules_and_stand_while_those_do() -> None:
    stage = Stage(marks(60))
    first = stage.judge.gates(stage.ws)
    assert stage.judge.gates(stage.ws) is first

    stage.ws.put(RETENTION, {"first": 50})
    second = stage.judge.gates(stage.ws)
    stage.ws.put(MARKS, marks(70))
    third = stage.judge.gates(stage.ws)
    (version,) = publication(RULES, 65, 65, "me")
    stage.take(version)
    fourth = stage.judge.gates(stage.ws)

    assert [(g[AWAITS], g[LAST]) for g in (first, second, third, fourth)] == [(60, 60), (49, 60), (49, 70), (49, 64)]
    stage.ws.put(MARKS, dict(marks(70)))
    assert stage.judge.gates(stage.ws) is fourth  # equal, though not the same


def test_gates_of_one_shard_are_not_those_of_another() -> None:
    stage, other = Stage(marks(60)), Workspace(MemoryView())
    other.put(MARKS, marks(90))
    gates = [stage.judge.gates(ws)[LAST] for ws in (stage.ws, other, stage.ws, other)]

    assert gates == [60, 90, 60, 90]


@pytest.mark.parametrize(
    ("gate", "source"),
    [((POSTED, "billing"), "billing/@links"), ((SLOW, "crm"), "crm/customer"), (AWAITS, "crm/customer"),
     (LAST, "crm/customer")],
)  # fmt: skip
def test_it_is_said_which_source_holds_a_gate_back(gate: tuple[str, ...], source: str) -> None:
    stage = Stage(marks(80, crm=60, billing=70))

    assert stage.judge.holding_back(stage.ws, gate) == source


# -- what is due is worked off as what it is


def test_a_verdict_is_given() -> None:
    stage = Stage()
    stage.take(invoice())
    stage.judge.settle(stage.ws, Due(KEY.text(), 3))

    assert (stage.obligation().status, stage.obligation().settled) == ("armed", 3)


def test_a_canary_drifts_and_leaves_nothing() -> None:
    stage = Stage()
    assert stage.take(("CanaryBroken", {"system": "erp", "partition": 0, "broken_at": 5})) == "canarybroken"
    ((key, _),) = stage.ws.range(f"o/{canary.CUSTOMER}/", 9)
    assert stage.judge.put_aside(stage.ws, key, "L") is None
    stage.judge.settle(stage.ws, Due(key, 5 + round(RULES.canary_sla_seconds * SECOND)))

    assert [e.record for e in stage.ws.effects] == ["CanaryDrifted"]
    assert stage.ws.get(key) is None


def test_documents_leave_and_what_is_forgotten_goes() -> None:
    stage = Stage()
    stage.ws.put("b/x", {"forgotten": 60})
    stage.ws.put(tombstone_key(60, "b/x"), {})
    stage.ws.put(burying_key(60), {})
    queue(stage.ws, Place(CUSTOMER, "invoice", "billing", "I"), 50)

    stage.judge.settle(stage.ws, Due(leaving_key(50), 50))
    assert (stage.ws.range("q/", 9), stage.ws.get(leaving_key(50)), stage.ws.get(RETENTION)) == ([], None, None)
    assert stage.ws.get("b/x") is not None
    stage.judge.settle(stage.ws, Due(burying_key(60), 60))
    assert (stage.ws.get("b/x"), stage.ws.get(burying_key(60))) == (None, None)


def test_what_a_published_version_concerns_is_found() -> None:
    stage = Stage()
    (version,) = publication(RULES, 120, 120, "me")

    assert stage.take(version) == "governancepublished"
    assert (stage.ws.get(GOVERNANCE) or {})["pending"] == [120]
    stage.judge.settle(stage.ws, Due(rollout_key(120), NEVER))
    assert (stage.ws.get(GOVERNANCE) or {})["pending"] == []


@pytest.mark.parametrize(("heard", "passed"), [(118, NEVER), (119, 120)])
def test_once_all_before_a_version_is_decided_what_was_before_it_is_passed(heard: int, passed: int) -> None:
    stage = Stage()
    stage.take(("Watermarks", {"partition": 0, "watermarks": []}))
    (version,) = publication(RULES, 120, 120, "me")
    stage.take(version)
    stage.judge.settle(stage.ws, Due(rollout_key(120), NEVER))
    for system in RULES.systems:
        for of in (ALL_OBJECTS, LINKS):
            told = {**mark(heard, system=system), "object": of}
            stage.take(("Watermarks", {"partition": 0, "watermarks": [told]}))

    assert (stage.ws.get(GOVERNANCE) or {})["passed"] == passed


def test_what_cannot_be_written_of_an_obligation_waits_for_its_letter() -> None:
    stage = Stage()
    stage.ws.put(KEY.text(), {"next": 7, "status": "armed"})

    waking = stage.judge.put_aside(stage.ws, KEY.text(), "L")

    assert stage.ws.get(KEY.text()) == {"next": 7, "status": "armed", "held": "L"}
    assert waking is not None
    assert (waking.topic, waking.key, waking.record) == (topics.CHANGES, CUSTOMER, "HoleClosed")
    assert waking.value == {
        "canonical_id": CUSTOMER, "system": "billing", "entity": "invoice", "letter_id": "L", "how": "replayed",
    }  # fmt: skip


@pytest.mark.parametrize("key", [KEY.text(), leaving_key(50), f"p/{CUSTOMER}"])
def test_nothing_else_waits_for_one(key: str) -> None:
    stage = Stage()
    if key != KEY.text():  # of an obligation that there is not either
        stage.ws.put(key, {})
    held = stage.ws.get(key)

    assert stage.judge.put_aside(stage.ws, key, "L") is None
    assert stage.ws.get(key) == held
