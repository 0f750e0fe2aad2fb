"""Kinds of the fleet stage: gaps, dead letters, corrections without effect, and mass drift."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.fleet import FLEET_KINDS, Fleet, mass
from streams.fleet.letters import tell_written
from streams.inputs import Input
from streams.kinds.table import BY_NAME
from streams.shard import Shard
from tables.view import MemoryView, Workspace
from tests.topology import Company, governance

LIMIT = 10
CANARY_SLA = 5
MASS = {"tolerance_relative": 0.05, "tolerance_absolute": 3}


class Stage:
    """The stage alone; times are seconds."""

    def __init__(self) -> None:
        base = governance()
        rules = {**base.kinds, "mass_drift": base.kinds["mass_drift"].model_copy(update=MASS)}
        self.governance = base.model_copy(update={"judged": tuple(FLEET_KINDS), "kinds": rules})
        self.shard = Shard(Fleet(self.governance), 0, MemoryView())
        self.told: list[dict[str, Any]] = []
        self.buried: list[str] = []

    def restarted(self) -> Stage:
        """By a worker that has this governance."""
        self.shard = Shard(Fleet(self.governance), 0, self.shard.state)
        return self

    def observe(self, at: float, mark: float, system: str = "erp") -> list[str]:
        times = {"observed_at": round(at * SECOND), "watermark": round(mark * SECOND)}
        return self.take("SourceObserved", system=system, partition=0, **times)

    def take(self, record: str, /, **value: Any) -> list[str]:
        effects = self.shard.process(Input(topics.PROGRESS, 0, 0, "", record, value, {}))
        told = [effect for effect in effects if effect.topic == topics.DRIFTS]
        drifts = [effect.value for effect in told if effect.value]
        self.told += drifts
        self.buried += [effect.key for effect in told if effect.value is None]
        return [drift["status"] for drift in drifts]

    def clock(self, at: float, *, judged_until: float | None = None) -> list[str]:
        """An observation that says what time it is and that its source is young; and canaries that say how far judge
        is, by default as far."""
        instant = round(at * SECOND)
        broken_at = instant if judged_until is None else round((judged_until - CANARY_SLA) * SECOND)
        for partition in range(self.governance.partitions):
            for system in self.governance.systems:
                self.take("CanaryDrifted", system=system, partition=partition, broken_at=broken_at)
        return self.take("SourceObserved", system="erp", partition=0, observed_at=instant, watermark=instant)

    def heard(self, phase: str, mark: float | None, partition: int = 0) -> list[str]:
        at = None if mark is None else round(mark * SECOND)
        entry = {"system": "erp", "object": "*", "epoch": 0, "phase": phase, "watermark": at}
        return self.take("Watermarks", partition=partition, watermarks=[entry])

    def surged(self, drifting: int, customers: int, window: float, partition: int = 0) -> list[str]:
        at = round(window * SECOND)
        value = {"kind": "invoice_not_posted", "partition": partition, "window_at": at}
        return self.take("KindSurged", drifting=drifting, customers=customers, **value)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_gap_opens_as_of_the_last_that_was_heard_and_closes_when_every_partition_is_whole(stage: Stage) -> None:
    stage.heard("streaming", 5)
    stage.heard("streaming", 6, partition=1)

    assert stage.heard("gap", None) == ["open"]
    assert stage.heard("gap", None, partition=1) == []
    assert stage.heard("streaming", 20) == []
    assert stage.heard("streaming", 21, partition=1) == ["closed"]
    opened, closed = stage.told
    assert (opened["kind"], opened["native_id"], opened["opened_at"]) == ("source_gap", "*", 5 * SECOND)
    assert closed["drift_id"] == opened["drift_id"]


def test_a_gap_that_reaches_the_partitions_one_after_the_other_is_one(stage: Stage) -> None:
    for partition in (0, 1):
        stage.heard("streaming", 5, partition)
    stage.heard("gap", None)

    assert stage.heard("streaming", 20) == []
    assert stage.heard("streaming", 8, partition=1) == []
    assert stage.heard("gap", None, partition=1) == []
    assert stage.heard("streaming", 21, partition=1) == ["closed"]


def test_a_gap_of_one_partition_is_over_once_the_others_are_heard_as_far(stage: Stage) -> None:
    for partition in (0, 1):
        stage.heard("streaming", 5, partition)
    stage.heard("gap", None)
    stage.heard("streaming", 20)

    assert stage.heard("streaming", 19, partition=1) == []
    assert stage.heard("streaming", 20, partition=1) == ["closed"]
    assert stage.told[-1]["closed_at"] == 20 * SECOND


def test_two_gaps_with_the_source_whole_in_between_are_two(stage: Stage) -> None:
    for until in (5, 30):
        for partition in (0, 1):
            stage.heard("streaming", until, partition)
        stage.heard("gap", None)
        stage.heard("streaming", until + 5)
        stage.heard("streaming", until + 5, partition=1)

    assert [drift["status"] for drift in stage.told] == ["open", "closed"] * 2
    assert len({drift["drift_id"] for drift in stage.told}) == 2


def test_a_first_snapshot_is_no_gap_and_what_was_never_heard_whole_loses_nothing(stage: Stage) -> None:
    assert stage.heard("gap", None) == stage.heard("snapshot", None) == stage.heard("streaming", 3) == []


def letter(entity: str = "invoice", letter_id: str = "src.billing-0@7", at: float = 1) -> dict[str, Any]:
    return {
        "letter_id": letter_id,
        "system": "billing",
        "entity": entity,
        "reason": "unmapped_status",
        "written_at": round(at * SECOND),
    }


def test_a_letter_of_a_financial_document_that_nobody_deals_with_opens_when_its_time_is_over(stage: Stage) -> None:
    stage.take("LetterWritten", **letter())

    assert stage.clock(1 + LIMIT - 0.1) == []
    assert stage.clock(60) == ["open"]
    assert stage.clock(61) == []
    assert stage.take("LetterResolved", letter_id="src.billing-0@7", how="replayed") == ["closed"]
    opened, closed = stage.told
    assert (opened["opened_at"] / SECOND, closed["how"]) == (1 + LIMIT, "corrected")
    assert "unmapped status" in opened["observed"]


def test_a_letter_dealt_with_in_time_is_never_told(stage: Stage) -> None:
    stage.take("LetterWritten", **letter())
    stage.take("LetterResolved", letter_id="src.billing-0@7", how="dismissed")

    assert stage.clock(60) == []


def test_a_letter_that_is_refused_again_keeps_its_first_time(stage: Stage) -> None:
    stage.take("LetterWritten", **letter(at=1))
    stage.take("LetterWritten", **letter(at=50))

    assert stage.clock(55) == ["open"]


def test_letters_about_other_records_are_nobodys_finance(stage: Stage) -> None:
    told = {"letter_id": "x", "system": "crm", "reason": "r", "diverted_at": 1}

    assert tell_written({**told, "entity": "opportunity"}) is None
    assert tell_written({**told, "entity": "*"}) is not None


ASKED: dict[str, Any] = {
    "drift_id": "d",
    "kind": "invoice_not_posted",
    "canonical_id": "crm:A",
    "system": "billing",
    "entity": "invoice",
    "native_id": "I",
    "owner_system": "erp",
    "expected": "invoice INV-7 is posted in the ledger of erp",
    "amount_at_stake": None,
    "restraint": "",
}


def performed(stage: Stage, at: float, status: str = "applied", attempt: int = 1) -> list[str]:
    value = {"command_id": "c", "drift_id": "d", "type": "erp.invoice.post", "target_system": "erp", "status": status}
    return stage.take(
        "CommandResult", **value, reason="", native_id="", attempt=attempt, finished_at=round(at * SECOND)
    )


def test_a_correction_whose_effect_never_shows_opens_and_ends_with_its_drift(stage: Stage) -> None:
    stage.take("CorrectionAsked", **ASKED)
    performed(stage, 5)

    assert stage.clock(5 + LIMIT - 0.1) == []
    assert stage.clock(40) == ["open"]
    assert stage.take("DriftEnded", drift_id="d", closed_at=50 * SECOND, how="corrected") == ["closed"]
    opened, closed = stage.told
    assert (opened["kind"], opened["canonical_id"], opened["native_id"]) == ("correction_ineffective", "crm:A", "I")
    assert (opened["causes"], opened["opened_at"] / SECOND) == (["invoice_not_posted"], 5 + LIMIT)
    assert (closed["closed_at"] / SECOND, closed["how"]) == (50, "corrected")


def test_a_correction_of_a_kind_with_a_row_for_each_entity_is_followed_too(stage: Stage) -> None:
    assert "stuck_in_flight:invoice" in BY_NAME
    stage.take("CorrectionAsked", **{**ASKED, "kind": "stuck_in_flight"})
    performed(stage, 5)

    assert stage.clock(40) == ["open"]


def test_a_correction_of_a_kind_that_is_no_more_waits_for_nobody(stage: Stage) -> None:
    stage.take("CorrectionAsked", **{**ASKED, "kind": "of_an_earlier_release"})
    performed(stage, 5)

    assert stage.clock(40) == ["open"]


def test_a_judge_that_lags_is_waited_for(stage: Stage) -> None:
    stage.take("CorrectionAsked", **ASKED)
    performed(stage, 5)

    assert stage.clock(40, judged_until=5 + LIMIT - 0.1) == []
    assert stage.clock(41, judged_until=5 + LIMIT) == ["open"]
    assert stage.told[0]["opened_at"] / SECOND == 5 + LIMIT


def test_what_a_judge_that_lagged_finds_corrected_in_time_is_never_told(stage: Stage) -> None:
    stage.take("CorrectionAsked", **ASKED)
    performed(stage, 5)
    stage.clock(40, judged_until=8)
    stage.take("DriftEnded", drift_id="d", closed_at=8 * SECOND, how="corrected")

    assert stage.clock(60) == []


def test_a_correction_that_shows_in_time_says_nothing(stage: Stage) -> None:
    stage.take("CorrectionAsked", **ASKED)
    performed(stage, 5)
    stage.take("DriftEnded", drift_id="d", closed_at=8 * SECOND, how="corrected")

    assert stage.clock(100) == []
    assert performed(stage, 101) == stage.clock(200) == [], "a result that comes after the end"


def test_a_correction_performed_again_is_waited_for_again(stage: Stage) -> None:
    stage.take("CorrectionAsked", **ASKED)
    performed(stage, 5, "failed")
    performed(stage, 12, attempt=2)

    assert stage.clock(16) == []
    assert stage.clock(30) == ["open"]
    assert stage.told[0]["opened_at"] / SECOND == 12 + LIMIT


def test_mass_drift_is_one_alert_that_ends_when_its_windows_are_quiet(stage: Stage) -> None:
    assert stage.surged(3, 100, window=0) == [], "three of a hundred are no mass"
    assert stage.surged(4, 60, window=0, partition=1) == []
    assert stage.surged(9, 100, window=0) == ["open"]
    assert stage.surged(30, 100, window=0) == []
    assert stage.clock(2 * LIMIT - 1) == []
    assert stage.clock(2 * LIMIT) == ["closed"]
    (opened, _) = stage.told
    assert (opened["kind"], opened["native_id"], opened["severity"]) == ("mass_drift", "invoice_not_posted", "S1")
    assert "13 of 160 customers" in opened["observed"]


def test_mass_drift_that_goes_on_stays_one(stage: Stage) -> None:
    stage.surged(50, 100, window=0)
    stage.surged(50, 100, window=LIMIT)

    assert stage.clock(2.5 * LIMIT) == []
    assert stage.clock(3 * LIMIT) == ["closed"]


def test_judge_counts_customers_that_newly_drift_and_tells_when_they_are_many() -> None:
    base = governance()
    rules = {**base.kinds, "mass_drift": base.kinds["mass_drift"].model_copy(update=MASS)}
    judged = ("invoice_not_posted", "mass_drift")
    company = Company(base.model_copy(update={"judged": judged, "kinds": rules}))
    for number in range(12):
        company.row("billing", "account", f"B{number}", 1, crm_account_id=None)
        for document in range(3):
            company.row(
                "billing", "invoice", f"I{number}-{document}", 2, f"B{number}", status="Posted", number=f"N{document}"
            )
    company.heard(30)

    surges = [w.value for w in company.driver.written[topics.PROGRESS] if w.record == "KindSurged" and w.value]
    last = {surge["partition"]: (surge["drifting"], surge["customers"]) for surge in surges}
    assert sum(drifting for drifting, _ in last.values()) == sum(customers for _, customers in last.values()) == 12
    (alert,) = company.drifts("mass_drift")
    assert (alert["status"], alert["canonical_id"]) == ("open", "system:driftwise")
    assert mass.COUNTED in {key for p in range(4) for key, _ in company.driver.state("judge", p).items()}


@pytest.mark.parametrize("wanted", [True, False])
def test_the_effect_of_an_executed_command_is_awaited_where_somebody_wants_to_know(wanted: bool) -> None:
    judged = ("won_without_erp_customer", *(("correction_ineffective",) if wanted else ()))
    company = Company(governance().model_copy(update={"judged": judged}))
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won")
    company.heard(12)
    company.row("erp", "customer", "E", 14, by="driftwise")
    company.heard(15)

    told = [w.record for w in company.driver.written[topics.PROGRESS] if w.record in ("CorrectionAsked", "DriftEnded")]
    assert told == (["CorrectionAsked", "DriftEnded"] if wanted else [])


def test_what_waits_is_looked_at_in_the_order_in_which_it_falls_due(stage: Stage) -> None:
    for number, at in enumerate((3, 1, 2)):
        stage.take("LetterWritten", **letter(letter_id=f"x-{number}", at=at))
    stage.clock(100)

    assert [drift["native_id"] for drift in stage.told] == ["x-1", "x-2", "x-0"]
    assert list(Workspace(stage.shard.state).range("w/", 9)) == []


def test_a_gap_that_is_over_before_identify_commits_is_told_all_the_same() -> None:
    company = Company(governance().model_copy(update={"judged": ("source_gap",)}))
    company.heard(5)
    company.heard(0, "erp", phase="gap", run=False)
    company.heard(6, "erp", run=False)
    driver = company.driver
    for place in [place for place, queue in driver.queues.items() if queue]:
        while driver.queues[place]:
            driver.fold(place)
        driver.commit(driver.stage_of(place[0]), place[1])
    driver.run()

    (drift,) = company.drifts("source_gap")
    assert (drift["system"], drift["status"], drift["opened_at"] / SECOND) == ("erp", "closed", 5)


@pytest.mark.parametrize("windows_a_commit", [1, 2, 4])
def test_a_window_that_passes_within_one_commit_is_told_like_any_other(windows_a_commit: int) -> None:
    """A worker that catches up settles hours at once."""
    governed, view = Stage().governance, MemoryView()
    view.apply({mass.CUSTOMERS: {"count": 100}})
    told = []
    for first in range(0, 4, windows_a_commit):
        ws = Workspace(view)
        for window in range(first, first + windows_a_commit):
            for _ in range((1, 5, 1, 7)[window]):
                mass.count(ws, governed, "invoice_not_posted", window * governed.kinds["mass_drift"].sla)
        mass.tell(ws, governed, 2)
        view.apply(ws.writes)
        told += [e.value for e in ws.effects if e.value]

    span = governed.kinds["mass_drift"].sla
    assert [(t["window_at"] // span, t["drifting"], t["partition"]) for t in told] == [(1, 5, 2), (3, 7, 2)]


def test_partitions_of_which_one_is_ahead_are_summed_up_by_window(stage: Stage) -> None:
    assert stage.surged(5, 100, window=0) == []
    assert stage.surged(5, 100, window=LIMIT) == []
    assert stage.surged(20, 100, window=0, partition=1) == ["open"]
    assert "25 of 200 customers" in stage.told[0]["observed"]


def test_of_a_mass_that_was_told_and_has_ended_a_late_partition_tells_no_other(stage: Stage) -> None:
    assert stage.surged(9, 100, window=0) == ["open"]
    assert stage.clock(2 * LIMIT) == ["closed"]

    assert stage.surged(9, 100, window=0, partition=1) == []
    assert stage.surged(9, 100, window=3 * LIMIT, partition=1) == ["open"]


def test_what_an_earlier_release_counted_still_counts(stage: Stage) -> None:
    known = {"window_at": 0, "parts": {"0": [5, 100]}, "drift": None}
    stage.shard.state.apply({"m/invoice_not_posted": known})

    assert stage.surged(20, 100, window=0, partition=1) == ["open"]
    assert stage.surged(20, 100, window=LIMIT, partition=1) == []
    assert known == {"window_at": 0, "parts": {"0": [5, 100]}, "drift": None}
