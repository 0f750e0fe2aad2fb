"""The record of a drift that judge does not raise leaves q2c.drifts the governed span after its end, as those of judge
do (test_lives.py); and nothing that is open leaves."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.backtest.canonical import read
from streams.suspects.table import CIRCLE, CONFLICT, CUSTOMERS
from streams.verify import Report
from streams.verify.examine import examine
from streams.verify.report import EQUAL
from tests.recorded import DriverRecording
from tests.topology import Company
from tests.unit.governance_folder import without
from tests.unit.test_fleet_kinds import Stage
from tests.unit.test_hierarchy_circles import TRIANGLE, prepared, under
from tests.unit.test_identity_conflict import claimed_twice, linked
from tests.unit.test_suspects import BILLED, LOOKS_LIKE_ACME, twins, watchful

SPAN = {"ended_drift_retention_seconds": 1024.0, "late_retention_seconds": 0}
ENDED = 40
FORGOTTEN = ENDED + 1024


def conflict(**span: Any) -> Company:
    company = Company(linked(**span or SPAN))
    claimed_twice(company)
    company.heard(30)
    company.row("crm", "Account", "A2", ENDED, ERP_Customer_Id__c=None)
    company.heard(ENDED + 1)
    return company


def suspicion(**span: Any) -> Company:
    company = Company(watchful(**span or SPAN))
    twins(company)
    company.heard(30)
    company.row("crm", "Account", "A2", ENDED, **{**LOOKS_LIKE_ACME, "Name": "Other", "Tax_Id__c": None})
    company.heard(ENDED + 1)
    return company


def graves(company: Company) -> list[str]:
    stages = ("suspects", "crosswalk") if company.governance.suspects else ("crosswalk",)
    shards = (company.driver.state(s, p).items() for s in stages for p in range(company.governance.partitions))
    return [key for shard in shards for key, _ in shard if key.startswith("d/")]


def partitions(company: Company) -> set[int]:
    return {written.partition for written in company.driver.written[topics.DRIFTS]}


@pytest.mark.parametrize(("made", "kind"), [(conflict, CONFLICT), (suspicion, CUSTOMERS)])
def test_it_is_forgotten_the_governed_span_after_its_end(made: Any, kind: str) -> None:
    company = made()
    company.heard(FORGOTTEN - 1)
    assert [d["status"] for d in company.drifts(kind)] == ["closed"]
    lay_in = partitions(company)

    company.heard(FORGOTTEN)

    assert company.drifts(kind) == []
    assert (partitions(company), graves(company)) == (lay_in, [])


@pytest.mark.parametrize(("made", "kind"), [(conflict, CONFLICT), (suspicion, CUSTOMERS)])
def test_where_it_is_to_stay_for_ever_it_does(made: Any, kind: str) -> None:
    company = made(ended_drift_retention_seconds=None)
    company.heard(10 * FORGOTTEN)

    assert [d["status"] for d in company.drifts(kind)] == ["closed"]
    assert graves(company) == []


def test_so_is_a_circle() -> None:
    play = prepared(TRIANGLE, **SPAN).heard(30).run()
    play.tell([under(ENDED, "C3", None)])
    play.heard(FORGOTTEN - 1).run()
    assert [d["status"] for d in play.driver.latest(topics.DRIFTS) if d["kind"] == CIRCLE] == ["closed"]

    play.heard(FORGOTTEN).run()
    assert play.driver.latest(topics.DRIFTS) == []


def test_of_one_that_goes_on_at_another_customer_of_its_partition_nothing_is_removed() -> None:
    company = Company(watchful(**SPAN, partitions=1))
    company.row("crm", "Account", "X", 1, Name="X", Tax_Id__c="DE129273398")
    company.row("billing", "account", "B1", 2, **BILLED)
    company.row("billing", "account", "B2", 3, **BILLED)
    company.heard(30)
    company.row("billing", "account", "B2", ENDED, **{**BILLED, "crm_account_id": "X"})
    company.heard(2 * FORGOTTEN)

    told = [written.value for written in company.driver.written[topics.DRIFTS] if written.value]
    assert [d["how"] for d in told if d["status"] == "closed"] == ["moved"]
    assert [d["status"] for d in company.drifts(CUSTOMERS)] == ["open"]


# -- of the fleet


def stage() -> Stage:
    made = Stage()
    made.governance = made.governance.model_copy(update=SPAN)
    return made.restarted()


def test_a_source_that_was_silent_is_forgotten() -> None:
    fleet = stage()
    fleet.observe(60, mark=1)
    assert fleet.observe(ENDED + 60, mark=ENDED + 60) == ["closed"]
    assert fleet.observe(FORGOTTEN + 59, mark=FORGOTTEN + 59) == []
    assert fleet.buried == []

    fleet.observe(FORGOTTEN + 61, mark=FORGOTTEN + 61)
    assert fleet.buried == [fleet.told[0]["drift_id"]]
    assert not [key for key, _ in fleet.shard.state.items() if key.startswith(("d/", "w/"))]


def test_one_that_is_told_anew_before_that_stays() -> None:
    fleet = stage()
    letter = {"letter_id": "L", "system": "erp", "entity": "invoice", "reason": "unmapped_value", "written_at": SECOND}
    for at in (10, 500):
        fleet.take("LetterWritten", **letter)
        assert fleet.clock(at + 86_400 * 2) == ["open"]
        fleet.take("LetterResolved", letter_id="L", how="replayed")
    fleet.take("LetterWritten", **letter)
    fleet.clock(86_400 * 2 + 600)
    fleet.clock(86_400 * 9)

    assert [drift["status"] for drift in fleet.told] == ["open", "closed"] * 2 + ["open"]
    assert fleet.buried == []


def test_what_is_open_of_a_system_that_governance_has_no_more_ends() -> None:
    fleet = stage()
    fleet.observe(60, mark=1)
    fleet.heard("streaming", 60)
    assert fleet.heard("gap", None) == ["open"]
    fleet.governance = without(fleet.governance, "erp")
    less = fleet.restarted()

    assert less.observe(70, mark=70, system="crm") == ["closed", "closed"]
    assert {(d["kind"], d["how"], d["closed_at"]) for d in less.told[-2:]} == {
        ("source_gap", "rules_changed", 70 * SECOND),
        ("source_stale", "rules_changed", 70 * SECOND),
    }
    assert less.observe(80, mark=80, system="crm") == []


# -- verified


def verified(recording: DriverRecording, company: Company) -> Report:
    return examine(recording, company.governance, dict.fromkeys(company.governance.systems, read))


def compacted(company: Company, *, tombstones: bool) -> DriverRecording:
    recording = DriverRecording(company.driver)
    for place, held in recording.held.items():
        if place[0] == topics.DRIFTS:
            buried = {raw.key for raw in held if raw.value is None}
            held[:] = [raw for raw in held if raw.key not in buried or (tombstones and raw.value is None)]
    return recording


@pytest.mark.parametrize("tombstones", [True, False])
@pytest.mark.parametrize("made", [conflict, suspicion])
def test_a_deployment_is_equal_where_compaction_took_a_record_or_its_tombstone_too(made: Any, tombstones: bool) -> None:
    company = made()
    company.heard(FORGOTTEN)
    report = verified(compacted(company, tombstones=tombstones), company)

    assert (report.code, report.differences) == (EQUAL, [])


@pytest.mark.parametrize("made", [conflict, suspicion])
def test_a_tombstone_that_was_never_written_is_found(made: Any) -> None:
    company = made()
    company.heard(FORGOTTEN)
    recording = DriverRecording(company.driver)
    for place, held in recording.held.items():
        if place[0] == topics.DRIFTS:
            held[:] = [raw for raw in held if raw.value is not None]

    assert {check.what for check in verified(recording, company).checks if check.differing}
