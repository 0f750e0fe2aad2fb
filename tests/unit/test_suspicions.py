"""The life of a suspicion, asked directly; times are plain numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas import ids, topics
from schemas.instants import SECOND
from streams import graves
from streams.governance.model import Governance
from streams.suspects import suspicion
from streams.suspects.suspicion import Suspected
from streams.suspects.table import CONFLICT, DOCUMENTS
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems

SLA, DUE, KEY, WAITING = 30, 35, "c/erp/I", "w/"
AMOUNT = {"amount": "9.00", "currency": "EUR", "basis": "gross"}
SEEN = {"system": "erp", "entity": "invoice", "native_id": "I", "version": "v5", "native_version": "5",
        "committed_at": 5, "field": "number", "value": "N"}  # fmt: skip


def governed(mode: str = "propose", go_live: int | None = None) -> Governance:
    base = five_systems()
    more = {"sla_seconds": SLA / SECOND, "mode": mode, "severity": "high", "owner_team": "crew"}
    kinds = {**base.kinds, **{kind: base.kinds[kind].model_copy(update=more) for kind in (CONFLICT, DOCUMENTS)}}
    live = None if go_live is None else datetime.fromtimestamp(go_live / SECOND, UTC)
    return base.model_copy(update={"kinds": kinds, "go_live_at": live, "derived": {}})


def suspected(kind: str = DOCUMENTS, snapshot: bool = False) -> Suspected:
    return Suspected(kind, "crm:A", "erp", "invoice", "I", "t", 5, "one", "two", (SEEN,), {"apart_from": "J"}, AMOUNT,
                     snapshot)  # fmt: skip


class Life:
    def __init__(self, governance: Governance | None = None, who: Suspected | None = None) -> None:
        self.ws, self.governance = Workspace(MemoryView()), governance or governed()
        self.due = suspicion.begin(self.ws, self.governance, KEY, who or suspected(), senior="S")

    @property
    def entry(self) -> dict[str, Any]:
        return self.ws.get(KEY) or {}

    def falls_due(self, at: int = DUE) -> Life:
        suspicion.fall_due_at(self.ws, self.governance, WAITING, "c/", f"{WAITING}{at:020d}/erp/I")
        return self

    def ends(self, at: int) -> Life:
        suspicion.end(self.ws, self.governance, KEY, self.entry, at)
        return self

    def said(self, topic: str) -> list[dict[str, Any]]:
        return [e.value for e in self.ws.effects if e.topic == topic and e.value]

    @property
    def told(self) -> list[tuple[str, int, int | None, str]]:
        found = self.said(topics.DRIFTS)
        return [(d["status"], d["opened_at"], d["closed_at"], d["how"]) for d in found]


def test_it_waits_with_all_that_is_to_be_told_of_it() -> None:
    life = Life()

    assert (life.due, life.ws.effects) == (DUE, [])
    kept = {name: life.entry[name] for name in ("senior", "due", "opened", "desired")}
    assert kept == {"senior": "S", "due": DUE, "opened": False, "desired": {"apart_from": "J"}}


def test_once_it_is_due_a_drift_opens_and_a_command_is_proposed() -> None:
    life = Life().falls_due()

    assert life.entry["opened"] is True
    drift_id = ids.drift_id(DOCUMENTS, "erp", "invoice", "I", "t")
    target, versions = "erp/invoice/I", {"erp/invoice/I": "v5"}
    command_id = ids.command_id(drift_id, "document.duplicate.propose", target, {"apart_from": "J"}, versions)
    opened, asked = life.ws.effects[-2:]
    assert (opened.key, opened.record, opened.partition_key) == (drift_id, "Drift", "crm:A")
    assert opened.value is not None
    assert str(opened.value["amount_at_stake"]["amount"]) == "9.00"
    expected = {
        "drift_id": drift_id, "kind": DOCUMENTS, "kind_number": "45", "canonical_id": "crm:A", "system": "erp",
        "entity": "invoice", "native_id": "I", "status": "open", "severity": "high", "owner_system": "erp",
        "owner_team": "crew", "trigger_version": "t", "triggered_at": 5, "due_at": DUE, "opened_at": DUE,
        "closed_at": None, "how": "", "expected": "one", "observed": "two", "evidence": [SEEN], "watermarks": {},
        "command_id": command_id, "mode": "propose", "causes": [], "correlation_id": "", "segment": "",
    }  # fmt: skip
    assert {name: opened.value[name] for name in expected} == expected
    assert (asked.topic, asked.key, asked.record) == (topics.COMMANDS, "erp/I", "Command")
    assert asked.value == {
        "command_id": command_id, "idempotency_key": ids.idempotency_key(command_id, 0), "drift_id": drift_id,
        "kind": DOCUMENTS, "type": "document.duplicate.propose", "sort": "ask", "target_system": "erp",
        "target_entity": "invoice", "target_id": "I", "canonical_id": "crm:A", "mode": "propose",
        "desired": {"apart_from": "J"}, "expected": {}, "evidence_versions": versions, "not_after": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("governance", "who", "status"),
    [
        (governed("alert"), suspected(), "open"),
        (governed(), suspected(snapshot=True), "baseline"),
        (governed(go_live=6), suspected(), "baseline"),
    ],
)
def test_nothing_is_proposed_where_it_is_only_to_be_known(governance: Governance, who: Suspected, status: str) -> None:
    life = Life(governance, who).falls_due()

    assert [(d["status"], d["mode"], d["command_id"]) for d in life.said(topics.DRIFTS)] == [(status, "alert", None)]
    assert life.said(topics.COMMANDS) == []


def test_what_begins_with_the_go_live_is_of_its_time() -> None:
    assert [told[0] for told in Life(governed(go_live=5)).falls_due().told] == ["open"]


def test_it_falls_due_once_and_at_its_instant_only() -> None:
    assert Life().falls_due(DUE - 1).told == []
    assert len(Life().falls_due().falls_due().told) == 1

    gone = Life().ends(DUE)
    assert gone.falls_due().told == []


def test_that_it_waited_is_forgotten_once_it_has_come_to_its_instant() -> None:
    life = Life()
    life.ws.put(f"{WAITING}{DUE:020d}/erp/I", {})

    assert life.falls_due().ws.range(WAITING, 9) == []


def test_one_that_ends_behind_its_due_time_was_open_for_a_while() -> None:
    assert (Life().ends(DUE).told, Life().ends(DUE).entry) == ([], {})
    both = [("open", DUE, None, ""), ("closed", DUE, DUE + 1, "self_healed")]
    assert Life().ends(DUE + 1).told == both
    assert Life().falls_due().ends(DUE + 1).told == both
    assert Life().falls_due().ends(DUE - 9).told[1:] == [("closed", DUE, DUE, "self_healed")]


@pytest.mark.parametrize(("kind", "gate"), [(CONFLICT, ("conflicts",)), (DOCUMENTS, ("invoice",))])
def test_what_is_told_is_forgotten_behind_the_gate_at_which_it_waited(
    kind: str, gate: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    monkeypatch.setattr(graves, "told", lambda ws, governance, drift, gate: told.append(gate))
    Life(who=suspected(kind)).falls_due()

    assert told == [gate]
