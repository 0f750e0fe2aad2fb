"""Facts about verification where retention took the beginning: each shard is replayed from a commit that its changelog
still tells, what came since is proven, and what is not is said."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from streams.backtest.canonical import read
from streams.verify import Report
from streams.verify.examine import examine
from streams.verify.report import CANNOT_TELL, DIFFERENT, EQUAL
from streams.verify.start import Search
from tables.state import PROGRESS
from tables.view import MemoryView
from tests.recorded_commits import Clock, CommittedRecording, micros
from tests.topology import Company, governance
from tests.unit.test_replay_from_any_commit import Restless
from tests.unit.test_the_law import histories, inputs
from tests.unit.test_verify import any_of, compared, found

GONE_UNTIL, SINCE = 21, 45
STAGES = ("identify", "crosswalk", "judge", "fleet")
INPUTS = ("src.crm", "src.billing", "src.erp", topics.LINKS, topics.CHANGES, topics.PROGRESS)


def company() -> tuple[Company, Clock]:
    """A deal that drifts before the input begins, and an invoice and a deal that do so since."""
    made = Company()
    clock = Clock(made.driver)
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    made.row("billing", "account", "B", 1)
    made.row("erp", "customer", "E", 1)
    made.row("crm", "Account", "Z", 1)
    made.row("crm", "Opportunity", "O", 1, "Z", StageName="Closed Won")
    for at in (20, 30, 40):
        made.heard(at)
        clock.strikes(at + 1)
    made.row("billing", "invoice", "I", 47, "B", status="Posted")
    made.row("crm", "Account", "Y", 47)
    made.row("crm", "Opportunity", "P", 47, "Y", StageName="Closed Won")
    made.row("billing", "account", "G", 48, crm_account_id="Y")
    for at in (50, 70):
        made.heard(at)
        clock.strikes(at + 1)
    made.row("erp", "ledger_posting", "P1", 75, "E")
    made.row("erp", "customer", "E2", 75, external_id="Z")
    for at in (80, 90):
        made.heard(at)
        clock.strikes(at + 1)
    return made, clock


def aged(made: Company, clock: Clock) -> CommittedRecording:
    recording = CommittedRecording(made.driver, clock)
    recording.expire(GONE_UNTIL, *INPUTS)
    return recording


def verified(recording: CommittedRecording, made: Company, since: float | None = SINCE) -> Report:
    readers = dict.fromkeys(made.governance.systems, read)
    return examine(recording, made.governance, readers, None if since is None else micros(since))


def test_since_an_instant_that_the_changelogs_reach_everything_is_proven() -> None:
    made, clock = company()
    report = verified(aged(made, clock), made)

    assert (report.code, found(report), report.unproven) == (EQUAL, set(), [])
    for what in (
        *("identify: row images", "identify: rows", "identify: links told", "crosswalk: members of clusters"),
        *("judge: obligations", "judge: drifts", "judge: commands", "judge: audit", "judge: corrected state"),
    ):
        assert compared(report, what) > 0, what
    assert any("1970-01-01T00:00:41" in note and "taken as it is" in note for note in report.notes)


def test_only_what_came_since_counts_as_compared() -> None:
    made, clock = company()

    whole = verified(CommittedRecording(made.driver, clock), made, None)
    since = verified(aged(made, clock), made)

    assert whole.code == EQUAL
    for what in ("identify: row images", "identify: rows", "judge: audit", "judge: entity versions"):
        assert 0 < compared(since, what) < compared(whole, what), what


def test_where_all_of_the_input_is_held_it_is_replayed_from_its_beginning() -> None:
    made, clock = company()
    recording = CommittedRecording(made.driver, clock)
    recording.compact(100, *STAGES)

    report = verified(recording, made)

    assert report.code == EQUAL
    assert compared(report, "whole topology: lives of drifts and their commands") > 0
    assert not any("taken as it is" in note for note in report.notes)


Damage = Callable[[CommittedRecording], None]
LATER: dict[str, tuple[str, Damage]] = {
    # what was done after the commit where the replay begins: the check that finds it
    "a change of a row never reached judge": (
        "identify: rows",
        lambda r: r.drop(topics.CHANGES, any_of("InvoiceChanged")),
    ),
    "a row was told that no source has": (
        "identify: rows",
        lambda r: r.repeat(topics.CHANGES, any_of("InvoiceChanged"), native_id="J"),
    ),
    "a row image is gone": (
        "identify: row images",
        lambda r: r.alter_state("identify", "i/billing/B/invoice", lambda v: None),
    ),
    "a link was not told": (
        "identify: links told",
        lambda r: r.drop(topics.LINKS, any_of("LinkAsserted", native_customer="G")),
    ),
    "a cluster lost a member": (
        "crosswalk: members of clusters",
        lambda r: r.alter_state("crosswalk", "n/billing/G", lambda v: None),
    ),
    "a route was never published": (
        "crosswalk: routes",
        lambda r: r.drop(topics.CROSSWALK, any_of("RouteAssigned", native_customer="G")),
    ),
    "a drift was never told": ("judge: drifts", lambda r: r.drop(topics.DRIFTS, any_of("Drift", native_id="P"))),
    "a drift that nothing raised": (
        "judge: drifts",
        lambda r: r.repeat(topics.DRIFTS, any_of("Drift", native_id="I"), native_id="O"),
    ),
    "an old drift was closed otherwise": (
        "judge: drifts",
        lambda r: r.alter(topics.DRIFTS, any_of("Drift", native_id="O"), how="by_hand"),
    ),
    "an obligation was forgotten": (
        "judge: obligations",
        lambda r: r.alter_state("judge", "o/crm:A/invoice_not_posted", lambda value: None),
    ),
    "an entity's version was altered": (
        "judge: entity versions",
        lambda r: r.alter_state(
            "judge", "e/crm:A/invoice", lambda v: {**v, "versions": [v["versions"][0] | {"by": "x"}]}
        ),
    ),
    "a command is gone": (
        "judge: commands",
        lambda r: r.drop(topics.COMMANDS, any_of("Command", canonical_id="crm:Y")),
    ),
    "a command was given twice": (
        "judge: commands",
        lambda r: r.repeat(topics.COMMANDS, any_of("Command", canonical_id="crm:Y")),
    ),
    "a settlement is gone": (
        "judge: audit",
        lambda r: r.drop(topics.AUDIT, any_of("ObligationSettled", native_id="I")),
    ),
    "the corrected state says something else": (
        "judge: corrected state",
        lambda r: r.alter(topics.CORRECTED_STATE, any_of("CorrectedEntity", entity="invoice"), attributes=[]),
    ),
    "an index lost a reference": ("judge: reference index", lambda r: r.alter_state("judge", "r/", lambda value: None)),
}


@pytest.mark.parametrize("damage", LATER)
def test_a_damage_after_that_commit_is_found(damage: str) -> None:
    made, clock = company()
    recording = aged(made, clock)
    check, inflict = LATER[damage]
    inflict(recording)

    report = verified(recording, made)

    assert report.code == DIFFERENT
    assert check in found(report)


def test_a_damage_counts_more_than_what_cannot_be_told() -> None:
    made, clock = company()
    recording = aged(made, clock)
    recording.alter_state("judge", "o/crm:A/invoice_not_posted", lambda value: None)

    report = verified(recording, made, None)

    assert (report.code, found(report), bool(report.unproven)) == (DIFFERENT, {"judge: obligations"}, True)


def test_since_an_earlier_instant_it_cannot_tell_and_says_from_when_it_could() -> None:
    made, clock = company()
    for since in (None, 20):
        report = verified(aged(made, clock), made, since)

        assert (report.code, report.differences) == (CANNOT_TELL, [])
        assert all("retention" in text and "1970-01-01T00:00:31" in text for text in report.unproven)
        assert compared(report, "judge: obligations") > 0
        assert compared(report, "identify: newest row images") > 0


def test_a_changelog_compacted_beyond_where_the_input_begins_is_no_place_to_begin() -> None:
    made, clock = company()
    recording = aged(made, clock)
    recording.compact(61, *STAGES)

    assert verified(recording, made, since=45).code == CANNOT_TELL
    assert any("00:01:11" in text for text in verified(recording, made, since=45).unproven)
    assert verified(recording, made, since=73).code == EQUAL


def test_a_shard_that_has_committed_nothing_since_is_proven_since_then() -> None:
    made, clock = company()
    recording = aged(made, clock)
    recording.compact(1000, *STAGES)

    assert verified(recording, made, since=60).code == CANNOT_TELL
    report = verified(recording, made, since=93)
    assert (report.code, compared(report, "judge: obligations")) == (EQUAL, 0)


def test_input_that_was_lost_before_it_was_read_leaves_nothing_to_begin_with() -> None:
    made, clock = company()
    made.row("billing", "invoice", "K", 95, "B", status="Posted", run=False)
    made.row("billing", "invoice", "K", 96, "B", status="Posted", run=False)
    clock.strikes(97)
    recording = CommittedRecording(made.driver, clock)
    partition = topics.partition_for("B", made.governance.partitions)
    recording.forget("src.billing", partition, len(recording.held["src.billing", partition]) - 1)

    report = verified(recording, made, since=94)

    assert (report.code, report.differences) == (CANNOT_TELL, [])
    assert any("only the newest version" in text for text in report.unproven)


@settings(max_examples=25)
@given(histories(), st.integers(0, 2**32), st.sampled_from((None, 3, 20)))
def test_whatever_retention_and_compaction_take_nothing_is_called_different(
    history: Any, seed: int, forgotten_after: float | None
) -> None:
    rng = random.Random(seed)
    governed = governance().model_copy(update={"ended_drift_retention_seconds": forgotten_after})
    restless = Restless(inputs(history), rng, (), governed)
    clock = Clock(restless.driver)
    for hour in range(rng.randrange(3, 12)):
        for _ in range(rng.randrange(80)):
            restless.act_once()
        clock.strikes(1000 * hour)
    recording = CommittedRecording(restless.driver, clock)
    for stage in (*STAGES, topics.DRIFTS):
        recording.compact(1000 * rng.uniform(-1, hour), stage)
    recording.expire(1000 * rng.uniform(-1, hour), *INPUTS)

    report = verified(recording, restless.company, None)

    assert report.differences == []


Log = list[tuple[int, str, Any]]
"""(offset, key, value)"""


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 9)), min_size=1), st.data())
def test_a_state_that_a_compacted_changelog_still_tells_is_that_of_its_commit(
    commits: list[dict[str, int | None]], data: st.DataObject
) -> None:
    """However far the cleaner came, amid a commit as well."""
    log: Log = []
    for number, written in enumerate(commits):
        for key, value in {**written, PROGRESS: number}.items():
            log.append((len(log), key, value))
    cleaned = data.draw(st.integers(0, len(log)))
    reached, until = data.draw(st.integers(0, len(commits) - 1)), data.draw(st.none() | st.integers(0, len(commits)))

    search = Search(lambda at: at["commit"] >= reached, until, MemoryView(), MemoryView())
    for _, key, value in compacted(log, cleaned):
        if key == PROGRESS:
            search.commit({"commit": value}, value)
        else:
            search.write(key, None if value is None else {"is": value})
    search.end()

    assert search.found is not None
    number = search.found.positions["commit"]
    assert number >= reached
    assert dict(search.found.state.items()) == state_of(commits[: number + 1])
    assert search.found.touched is not None
    assert {key for key, _ in search.found.touched.items()} == {
        key for written in commits[number + 1 :] for key in written
    }
    if until is not None and number < until and cleaned == 0 and reached < until:
        assert number == min(until, len(commits) - 1)


def compacted(log: Log, cleaned: int) -> Log:
    last = {key: offset for offset, key, _ in log[:cleaned]}
    return [entry for entry in log[:cleaned] if last[entry[1]] == entry[0]] + log[cleaned:]


def state_of(commits: list[dict[str, int | None]]) -> dict[str, Any]:
    merged = {key: value for written in commits for key, value in written.items()}
    return {key: {"is": value} for key, value in merged.items() if value is not None}


def test_the_only_commit_that_is_held_is_where_to_begin_only_while_it_is_the_last() -> None:
    search = Search(lambda at: True, None, MemoryView(), MemoryView())
    search.write("a", {})
    search.commit({"t": 1}, 1)
    assert search.found is not None
    assert search.found.positions == {"t": 1}

    search.write("a", None)
    search.commit({"t": 2}, 2)
    search.end()
    assert search.found is not None
    assert (search.found.positions, dict(search.found.state.items())) == ({"t": 2}, {})
