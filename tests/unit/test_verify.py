"""Facts about verification: what a worker did is found equal however it was interrupted, and every way to damage a
deployment is found."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import NEVER, SECOND
from streams.backtest.canonical import read
from streams.verify import Report, scratch
from streams.verify.examine import examine
from streams.verify.report import CANNOT_TELL, DIFFERENT, EQUAL
from tests.recorded import DriverRecording, Value
from tests.topology import Company
from tests.unit.test_look_commands import company
from tests.unit.test_replay_from_any_commit import Restless
from tests.unit.test_the_law import histories, inputs

Damage = Callable[[DriverRecording], None]


def verified(recording: DriverRecording, made: Company, since: float | None = None) -> Report:
    readers = dict.fromkeys(made.governance.systems, read)
    return examine(recording, made.governance, readers, None if since is None else round(since * SECOND))


def found(report: Report) -> set[str]:
    """Names of the checks that differ."""
    return {check.what for check in report.checks if check.differing}


def compared(report: Report, what: str) -> int:
    return sum(check.compared for check in report.checks if check.what == what)


def test_a_deployment_that_nobody_damaged_is_equal() -> None:
    made = company()
    report = verified(DriverRecording(made.driver), made)

    assert (report.code, found(report), report.unproven) == (EQUAL, set(), [])
    for what in ("judge: drifts", "judge: commands", "judge: audit", "judge: obligations", "identify: rows"):
        assert compared(report, what) > 0, what
    assert compared(report, "whole topology: lives of drifts and their commands") > 0


def test_a_deployment_that_holds_nothing_proves_nothing() -> None:
    made = company()
    assert verified(DriverRecording(made.driver), made).of_a_deployment().code == EQUAL

    empty = Company(made.governance)
    report = verified(DriverRecording(empty.driver), empty).of_a_deployment()
    assert (report.code, report.compared) == (CANNOT_TELL, 0)


def test_a_state_too_large_for_memory_is_compared_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SMALL_ENTRIES_MAX", 3)
    made = company()
    recording = DriverRecording(made.driver)

    assert verified(recording, made).code == EQUAL
    recording.alter_state("judge", "o/", lambda value: None)
    assert found(verified(recording, made)) == {"judge: obligations"}


@settings(max_examples=8)
@given(histories(), st.integers(0, 2**32), st.integers(10, 400))
def test_wherever_commits_crashes_and_the_end_fell_it_is_equal(history: Any, seed: int, steps: int) -> None:
    rng = random.Random(seed)
    restless = Restless(inputs(history), rng, ())
    for _ in range(steps):
        restless.act_once()

    report = verified(DriverRecording(restless.driver), restless.company)

    assert (report.code, report.differences) == (EQUAL, [])


def any_of(record: str, **fields: Any) -> Callable[[str, Value], bool]:
    return lambda name, value: name == record and all(value[field] == wanted for field, wanted in fields.items())


def process_of(customer: str) -> Callable[[str, Value], bool]:
    return any_of("ProcessState", canonical_id=customer)


def stands(at: int, name: str = "ExternalIdsWritten", status: str = "True", reason: str = "AsExpected") -> Value:
    """A condition as it is published."""
    return {"type": name, "status": status, "reason": reason, "last_transition_at": at}


WRONG = stands(11 * SECOND, "CreditMemosShown", "False", "CreditMemoUnpropagated")


def with_stays(*stays: list[Any]) -> Callable[[Value], Value]:
    return lambda value: {**value, "stays": list(stays)}


DAMAGES: dict[str, tuple[str, Damage]] = {
    # what was done: the check that finds it
    "a change of a row never reached judge": (
        "identify: rows",
        lambda r: r.drop(topics.CHANGES, any_of("OpportunityChanged")),
    ),
    "a change says another amount": (
        "identify: rows",
        lambda r: r.alter(topics.CHANGES, any_of("CreditMemoChanged"), changed_by="nobody"),
    ),
    "a row image is gone": ("identify: row images", lambda r: r.alter_state("identify", "i/crm", lambda v: None)),
    "a route was altered": (
        "identify: routes",
        lambda r: r.alter_state("identify", "w/", lambda v: v | {"canonical_id": "crm:X"}),
    ),
    "a parked row is gone": ("identify: parked rows", lambda r: r.alter_state("identify", "k/", lambda v: None)),
    "a dead letter was lost": ("identify: dead letters", lambda r: r.drop(topics.DEAD_LETTERS, any_of("DeadLetter"))),
    "a link was told twice": (
        "identify: links told",
        lambda r: r.repeat(topics.LINKS, any_of("LinkAsserted")),
    ),
    "a cluster lost a member": (
        "crosswalk: members of clusters",
        lambda r: r.alter_state("crosswalk", "n/erp", lambda v: None),
    ),
    "an entity's version was altered": (
        "judge: entity versions",
        lambda r: r.alter_state("judge", "e/", lambda v: {**v, "versions": [v["versions"][0] | {"by": "nobody"}]}),
    ),
    "an obligation was forgotten": ("judge: obligations", lambda r: r.alter_state("judge", "o/", lambda v: None)),
    "a reference is gone": ("judge: reference index", lambda r: r.alter_state("judge", "r/", lambda v: None)),
    "a count of the process is wrong": (
        "judge: process facts",
        lambda r: r.alter_state("judge", "p/crm:A", lambda v: v | {"members": []}),
    ),
    "a condition of the process is wrong": (
        "judge: process facts",
        lambda r: r.alter_state(
            "judge", "p/crm:A", lambda v: v | {"conditions": v["conditions"] | {"Made": ["False", "Up", 5]}}
        ),
    ),
    "a condition is said to have been false once": (
        "judge: process facts",
        lambda r: r.alter_state(
            "judge", "p/crm:A", lambda v: v | {"conditions": v["conditions"] | {"Made": ["True", "AsExpected", 5]}}
        ),
    ),
    "since when a condition holds was altered": (
        "judge: process facts",
        lambda r: r.alter_state("judge", "p/crm:A", lambda v: v | {"met": {"ExternalIdsWritten": 5}}),
    ),
    "that a condition holds was forgotten": (
        "judge: process facts",
        lambda r: r.alter_state("judge", "p/crm:A", lambda v: v | {"met": {}}),
    ),
    "a condition is published as of another instant": (
        "judge: corrected state",
        lambda r: r.alter(topics.CORRECTED_STATE, process_of("crm:A"), conditions=[WRONG, stands(77)]),
    ),
    "where a customer was before is another": (
        "identify: routes",
        lambda r: r.alter_state("identify", "w/erp", with_stays(["crm:X", 0, NEVER, 1 * SECOND])),
    ),
    "where a customer was before ended later": (
        "identify: routes",
        lambda r: r.alter_state("identify", "w/erp", with_stays(["erp:E", 0, NEVER, 2 * SECOND])),
    ),
    "where a hole was before is another": (
        "identify: holes",
        lambda r: r.alter_state("identify", "h/erp", with_stays(["crm:X", 0, NEVER, 1 * SECOND])),
    ),
    "a state record of a sort that nobody knows": (
        "judge: x/",
        lambda r: r.held[topics.CHANGELOG + "judge", 0].append(
            next(iter(r.held[topics.CHANGELOG + "judge", 3]))._replace(key=b"x/1", partition=0, offset=10_000)
        ),
    ),
    "a drift is gone": ("judge: drifts", lambda r: r.drop(topics.DRIFTS, any_of("Drift"))),
    "a drift says another opening": (
        "judge: drifts",
        lambda r: r.alter(topics.DRIFTS, any_of("Drift"), opened_at=12 * SECOND),
    ),
    "a command is gone": ("judge: commands", lambda r: r.drop(topics.COMMANDS, any_of("Command"))),
    "a command was given twice": ("judge: commands", lambda r: r.repeat(topics.COMMANDS, any_of("Command"))),
    "a settlement was audited twice": ("judge: audit", lambda r: r.repeat(topics.AUDIT, any_of("ObligationSettled"))),
    "a command id was given with other content": (
        "command ids stand for one thing",
        lambda r: r.repeat(topics.COMMANDS, any_of("Command"), desired={"x": "y"}),
    ),
    "a command id was given with another sort": (
        "command ids stand for one thing",
        lambda r: r.repeat(topics.COMMANDS, any_of("Command"), sort="other"),
    ),
    "a drift id was given to another subject": (
        "drift ids stand for one thing",
        lambda r: r.repeat(topics.DRIFTS, any_of("Drift"), native_id="other"),
    ),
    "the corrected state says something else": (
        "judge: corrected state",
        lambda r: r.alter(topics.CORRECTED_STATE, any_of("CorrectedEntity", entity="opportunity"), attributes=[]),
    ),
    "a route was never published": ("crosswalk: routes", lambda r: r.drop(topics.CROSSWALK, any_of("RouteAssigned"))),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_is_found_where_it_is(damage: str) -> None:
    made = company()
    recording = DriverRecording(made.driver)
    check, inflict = DAMAGES[damage]
    inflict(recording)

    report = verified(recording, made)

    assert report.code == DIFFERENT
    assert check in found(report)
    assert [d.key for d in report.differences if d.check == check]


def test_what_an_upgrade_brought_is_no_difference() -> None:
    """An earlier release wrote and kept nothing of it, and had nothing to say in it."""
    made = company()
    recording = DriverRecording(made.driver)
    gone = recording.age()

    report = verified(recording, made)

    assert ("q2c.Drift", "approved_by") in gone["Drift"]
    assert ("q2c.change.InvoiceAttributes", "correlation_id") in gone["InvoiceChanged"]
    assert (report.code, report.differences) == (EQUAL, [])
    assert compared(report, "judge: entity versions") > 0


def test_what_an_earlier_release_said_otherwise_is_a_difference() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.age()
    recording.alter(topics.DRIFTS, any_of("Drift"), segment="gold")

    assert found(verified(recording, made)) == {"judge: drifts"}


def of_an_earlier_release(process: Value) -> Value:
    """It did not keep what was answered in time, and a drift that late evidence took back had turned its condition."""
    kept = {name: held for name, held in process.items() if name not in ("whole", "met", "turns")}
    return kept | {"conditions": kept["conditions"] | {"Made": ["True", "AsExpected", 5]}}


def test_since_when_a_condition_holds_is_no_difference_where_an_earlier_release_kept_it() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.alter_state("judge", "p/crm:A", of_an_earlier_release)
    recording.alter(topics.CORRECTED_STATE, process_of("crm:A"), conditions=[WRONG, stands(77)])

    assert verified(recording, made).code == EQUAL

    recording.alter(topics.CORRECTED_STATE, process_of("crm:A"), conditions=[stands(77)])
    assert found(verified(recording, made)) == {"judge: corrected state"}


@pytest.mark.parametrize(
    "stays",
    [
        pytest.param([], id="an earlier release kept none"),
        pytest.param([["erp:E", 0, NEVER, 1]], id="of the routes only the newest is held"),
        pytest.param([["crm:Y", -1, 0, 1], ["erp:E", 0, NEVER, 1 * SECOND]], id="one is held no more"),
    ],
)
def test_which_customers_of_before_are_remembered_is_no_difference(stays: list[list[Any]]) -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.alter_state("identify", "w/erp", with_stays(*stays))
    recording.alter_state("identify", "h/erp", with_stays(*stays))

    assert verified(recording, made).code == EQUAL


def test_a_drift_of_a_deal_that_no_source_has_breaks_the_law() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.drop("src.crm", any_of("PolledRow", object="Opportunity"))

    assert "whole topology: lives of drifts and their commands" in found(verified(recording, made))


def test_since_an_instant_older_differences_are_left_out_and_newer_are_not() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.drop(topics.DRIFTS, any_of("Drift"))

    assert "judge: drifts" not in found(verified(recording, made, since=40))
    assert "judge: drifts" in found(verified(recording, made, since=1))


def test_where_old_input_is_gone_it_cannot_tell_and_says_what_is_proven() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.forget("src.billing", topics.partition_for("B", made.governance.partitions), 1)

    report = verified(recording, made)

    assert (report.code, report.differences) == (CANNOT_TELL, [])
    assert "src.billing" in report.unproven[0]
    assert "retention" in report.unproven[0]
    assert compared(report, "identify: newest row images") > 0


def test_a_command_that_retention_took_away_is_not_called_lost() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    partitions = [place[1] for place, held in recording.held.items() if place[0] == topics.COMMANDS and held]
    recording.forget(topics.COMMANDS, partitions[0], 1)

    report = verified(recording, made)

    assert (report.code, compared(report, "judge: commands")) == (EQUAL, len(made.commands()))
    assert any("q2c.commands are gone" in note for note in report.notes)


def test_a_recreated_topic_is_told_from_an_old_one() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.held[topics.CHANGES, 3] = recording.held[topics.CHANGES, 3][:2]

    report = verified(recording, made)

    assert report.code != EQUAL
    assert any("recreated" in text for text in report.unproven)


def test_input_that_was_handed_to_a_shard_before_it_can_be_read_is_waited_for() -> None:
    """A shard folds what another one of its worker committed, and may have committed that before the end of the first
    transaction reaches its topic."""
    made = company()
    recording = HeldBack(DriverRecording(made.driver), topics.CHANGES)

    report = verified(recording, made)

    assert (report.code, report.unproven) == (EQUAL, [])
    assert recording.awaited


class HeldBack(DriverRecording):
    """The last record of each partition of a topic cannot be read until its transactions are waited for."""

    def __init__(self, whole: DriverRecording, topic: str) -> None:
        self.__dict__.update(whole.__dict__)
        self._whole, self._topic, self.awaited = whole.held, topic, False
        self.held = {place: raws[:-1] if place[0] == topic else raws for place, raws in whole.held.items()}

    def await_transactions(self, names: Any) -> None:
        if self._topic in names:
            self.held, self.awaited = self._whole, True


def test_a_worker_that_goes_on_meanwhile_makes_no_difference() -> None:
    """What its topics have gained since its state was read belongs to later commits."""
    made = company()
    earlier = DriverRecording(made.driver)
    made.row("erp", "customer", "E2", 31, external_id="Z")
    made.row("erp", "ledger_posting", "P2", 31, "E")
    made.heard(60)
    later = DriverRecording(made.driver)

    assert {d["status"] for d in made.drifts()} == {"open", "closed"}
    assert verified(Meanwhile(earlier, later), made).differences == []


class Meanwhile(DriverRecording):
    """State as of earlier, and ends of that moment; every topic as of later."""

    def __init__(self, earlier: DriverRecording, later: DriverRecording) -> None:
        self.registry, self._partitions = earlier.registry, earlier._partitions
        self._earlier = earlier
        changelogs = {place: raws for place, raws in earlier.held.items() if place[0].startswith(topics.CHANGELOG)}
        self.held = later.held | changelogs

    def bounds(self, topic: str) -> Any:
        return self._earlier.bounds(topic)


def test_whether_a_correction_was_only_proposed_counts_unless_anyones_evidence_was_missing() -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.alter(topics.COMMANDS, any_of("Command", mode="execute"), mode="propose")
    assert found(verified(recording, made)) == {"judge: commands"}

    made.driver.pipe_raw("src.erp", b"\xff", b"garbage", topics.partition_for("E", made.governance.partitions), {})
    made.heard(60)
    recording = DriverRecording(made.driver)
    recording.alter(topics.COMMANDS, any_of("Command", mode="execute"), mode="propose")
    assert verified(recording, made).code == EQUAL


@pytest.mark.parametrize(("kind", "is_one"), [("activation_stalled", True), ("invoice_not_posted", False)])
def test_a_trigger_that_a_day_puts_off_is_the_same_one(kind: str, is_one: bool) -> None:
    made = company()
    recording = DriverRecording(made.driver)
    recording.repeat(topics.AUDIT, any_of("ObligationSettled"), drift_id="d", kind=kind)
    recording.repeat(topics.AUDIT, any_of("ObligationSettled", drift_id="d"), triggered_at=99 * SECOND)

    assert ("drift ids in the audit stand for one thing" not in found(verified(recording, made))) is is_one
