"""What the drifts of the fleet have in common, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import ids, topics
from schemas.instants import SECOND
from streams.fleet import Fleet, stage
from streams.fleet.table import (
    AGAIN,
    CLOCK,
    FLEET_KINDS,
    WAITING,
    Subject,
    Told,
    clock,
    close,
    fallen_due,
    opened,
    publish,
    wait,
)
from streams.inputs import Divert, Input
from tables.view import MemoryView, Workspace
from tests.topology import governance

GOVERNANCE = governance(mode="alert", severity="S3", owner_team="platform", finance_impacting=True)
TOLD = Told(Subject("erp", "source", "erp/*"), "v1", 3, 7, "heard", "not heard")
AMOUNT = {"amount": "9.00", "currency": "EUR", "basis": "gross"}


def nothing() -> Workspace:
    return Workspace(MemoryView())


def test_a_drift_of_the_fleet_opens_when_it_was_due_as_its_kind_is_governed() -> None:
    assert opened(GOVERNANCE, "source_stale", TOLD) == {
        "drift_id": ids.drift_id("source_stale", "erp", "source", "erp/*", "v1"), "kind": "source_stale",
        "kind_number": "M3", "canonical_id": "system:erp", "system": "erp", "entity": "source", "native_id": "erp/*",
        "status": "open", "severity": "S3", "finance_impacting": True, "amount_at_stake": None, "owner_system": "erp",
        "owner_team": "platform", "trigger_version": "v1", "triggered_at": 3, "due_at": 7, "opened_at": 7,
        "closed_at": None, "how": "", "expected": "heard", "observed": "not heard", "evidence": [], "watermarks": {},
        "command_id": None, "mode": "alert", "causes": [], "correlation_id": "", "segment": "",
    }  # fmt: skip


def test_it_may_be_about_a_customer_and_an_amount_and_name_what_it_sums_up() -> None:
    about = TOLD._replace(customer="crm:A", amount=AMOUNT, watermarks={"erp": 3}, causes=("invoice_not_posted",))
    drift = opened(GOVERNANCE, "correction_ineffective", about)

    assert (drift["canonical_id"], drift["amount_at_stake"]) == ("crm:A", AMOUNT)
    assert (drift["watermarks"], drift["causes"]) == ({"erp": 3}, ["invoice_not_posted"])
    assert {kind: opened(GOVERNANCE, kind, TOLD)["kind_number"] for kind in FLEET_KINDS} == {
        "finance_event_dead_lettered": "M1", "source_gap": "M2", "source_stale": "M3", "correction_breaker": "C4",
        "correction_ineffective": "M6", "mass_drift": "M8",
    }  # fmt: skip


def drifts(ws: Workspace) -> list[Any]:
    return [e for e in ws.effects if e.topic == topics.DRIFTS]


@pytest.mark.parametrize(("amount", "told"), [(None, None), (AMOUNT, "9.00")])
def test_it_is_told_by_its_id_in_the_partition_of_who_it_is_about(amount: Any, told: str | None) -> None:
    ws, drift = nothing(), opened(GOVERNANCE, "source_stale", TOLD._replace(amount=amount))
    publish(ws, GOVERNANCE, drift)
    (effect,) = drifts(ws)

    assert (effect.key, effect.record, effect.partition_key) == (drift["drift_id"], "Drift", "system:erp")
    money = effect.value["amount_at_stake"]
    assert (None if money is None else str(money["amount"])) == told
    assert {name: effect.value[name] for name in drift} | {"amount_at_stake": amount} == drift


@pytest.mark.parametrize(("at", "closed_at"), [(9, 9), (7, 7), (6, 7)])
def test_it_closes_no_sooner_than_it_opened(at: int, closed_at: int) -> None:
    ws, drift = nothing(), opened(GOVERNANCE, "source_stale", TOLD)
    close(ws, GOVERNANCE, drift, at)
    close(ws, GOVERNANCE, drift, at, "expired")

    ends = [(e.value["status"], e.value["closed_at"], e.value["how"]) for e in drifts(ws)]
    assert ends == [("closed", closed_at, "self_healed"), ("closed", closed_at, "expired")]


def test_what_waits_falls_due_in_order_and_once() -> None:
    ws = nothing()
    for due, key in ((100, "l/b"), (9, "k/a/1"), (50, "m/c"), (51, "b/d")):
        wait(ws, due, key)

    assert fallen_due(ws, 8) == []
    assert fallen_due(ws, 50) == ["k/a/1", "m/c"]
    assert fallen_due(ws, 50) == []
    assert fallen_due(ws, 100, limit=1) == ["b/d"]
    assert fallen_due(ws, 100, limit=1) == ["l/b"]
    wait(ws, 0, "b/e")
    assert ws.get("w/00000000000000000000/b/e") == {}


def test_what_earlier_releases_kept_is_found() -> None:
    assert (CLOCK, WAITING, AGAIN) == ("~clock", "w/", "h/")
    assert Fleet(GOVERNANCE).name == "fleet"  # so is its changelog called


def test_the_clock_is_the_latest_that_an_observation_carries() -> None:
    ws, fleet = nothing(), Fleet(GOVERNANCE)
    assert clock(ws) == 0
    for at, known in ((5, 5), (9, 9), (7, 9)):
        value = {"system": "erp", "partition": 0, "observed_at": at * SECOND, "watermark": None}
        assert fleet.step(ws, 0, Input(topics.PROGRESS, 0, 0, "", "SourceObserved", value, {})) == "sourceobserved"
        assert (clock(ws), ws.get(CLOCK)) == (known * SECOND, {"at": known * SECOND})


def test_what_falls_due_is_looked_at_by_who_put_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    for part in "lkmbh":
        monkeypatch.setitem(stage.DUE, part, lambda ws, governance, key: looked.append(key))
    ws = nothing()
    wait(ws, 5, "l/a/1")
    wait(ws, 6, "b/c")
    for at in (5, 6):
        value = {"system": "erp", "partition": 0, "observed_at": at, "watermark": None}
        stage.TAKES["SourceObserved"](ws, GOVERNANCE, value)
        assert looked == ["l/a/1", "b/c"][: at - 4]


@pytest.mark.parametrize(("record", "known"), [("Watermarks", True), ("Weather", False)])
def test_what_a_newer_release_writes_is_put_aside_with_its_name(record: str, known: bool) -> None:
    read = Input(topics.PROGRESS, 0, 0, "", record, {"watermarks": [], "partition": 0}, {})
    if known:
        assert Fleet(GOVERNANCE).step(nothing(), 0, read) == "watermarks"
        return
    with pytest.raises(Divert, match="carries no Weather") as refused:
        Fleet(GOVERNANCE).step(nothing(), 0, read)
    assert refused.value.reason == "unknown_record"
