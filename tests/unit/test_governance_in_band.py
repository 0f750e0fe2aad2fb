"""Facts about governance that is published while a deployment runs: a version decides about instants, wherever in the
input it arrives."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import SECOND
from streams.backtest.canonical import read
from streams.driver import Driver, Saved
from streams.governance import Governance
from streams.governance.ignore import IgnoreRule
from streams.judge import rollout
from streams.judge.published import history, publication
from streams.judge.stage import Judge
from streams.verify.examine import examine
from streams.verify.report import EQUAL
from tables.view import Workspace
from tests.dossiers.model import Dossier
from tests.dossiers.payment_unmatched import UNMATCHED, application, payment
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS, dossier_of
from tests.recorded import DriverRecording
from tests.topology import SLA_SECONDS, Company, governance, seconds_of
from tests.unit.test_replay_from_any_commit import ONE_INPUT, Restless, outcome, with_two_contents
from tests.unit.test_the_law import histories, inputs

MISMATCH = "contract_value_mismatch"
"""A kind with grace."""
UNPOSTED = "invoice_not_posted"
"""A kind with a deadline."""


def with_rules(governed: Governance, kind: str, **rules: Any) -> Governance:
    changed = governed.kinds[kind].model_copy(update=rules)
    return governed.model_copy(update={"kinds": {**governed.kinds, kind: changed}})


def publish(company: Company, at: float, kind: str, **rules: Any) -> None:
    company.driver.publish(with_rules(company.governance, kind, **rules), round(at * SECOND))
    company.driver.run()


def linked(governed: Governance) -> Company:
    company = Company(governed)
    company.row("crm", "Account", "A", 1, ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.row("erp", "customer", "E", 1)
    return company


def differing_contract(at: float = 2, **rules: Any) -> Company:
    """Billing and ERP have a contract at values that differ by 10."""
    company = linked(with_rules(governance(), MISMATCH, **rules))
    company.row("billing", "subscription", "S", at, "B", status="Active")
    company.row("erp", "contract", "C", at, "E", value="1190.00")
    return company


def unposted(at: float, **rules: Any) -> Company:
    company = linked(with_rules(governance(), UNPOSTED, **rules))
    company.row("billing", "invoice", "I", at, "B", status="Posted")
    return company


def lives(company: Company, kind: str) -> list[tuple[float | None, float | None, str]]:
    found = sorted(company.drifts(kind), key=lambda d: (d["native_id"], d["opened_at"]))
    return [(seconds_of(d["opened_at"]), seconds_of(d["closed_at"]), d["how"]) for d in found]


# -- what has no deadline is judged by the rules in force at the instant


def test_rules_of_another_kind_do_not_close_what_heals_after_them() -> None:
    company = differing_contract()
    company.heard(20)
    publish(company, 30, UNPOSTED, severity="S4")
    company.row("erp", "contract", "C", 40, "E")
    company.heard(60)

    assert lives(company, MISMATCH) == [(2 + SLA_SECONDS, 40, "self_healed")]


def test_a_tighter_tolerance_opens_what_was_within_the_old_one_from_its_instant_on() -> None:
    company = differing_contract(tolerance_absolute=Decimal(50))
    company.heard(20)
    assert lives(company, MISMATCH) == []

    publish(company, 30, MISMATCH, tolerance_absolute=Decimal(1))
    company.heard(30 + SLA_SECONDS - 1)
    assert lives(company, MISMATCH) == []
    company.heard(60)

    assert lives(company, MISMATCH) == [(30 + SLA_SECONDS, None, "")]


def test_a_wider_tolerance_closes_what_it_covers_and_says_that_the_rules_changed() -> None:
    company = differing_contract(hold_down_seconds=5.0)
    company.heard(20)
    assert lives(company, MISMATCH) == [(2 + SLA_SECONDS, None, "")]

    publish(company, 30, MISMATCH, tolerance_absolute=Decimal(50))
    company.heard(60)

    assert lives(company, MISMATCH) == [(2 + SLA_SECONDS, 30, "rules_changed")]


def test_what_comes_between_its_arrival_and_its_instant_is_judged_by_both() -> None:
    company = linked(with_rules(governance(), MISMATCH, tolerance_absolute=Decimal(50)))
    company.heard(10)
    publish(company, 30, MISMATCH, tolerance_absolute=Decimal(1))
    company.row("billing", "subscription", "S", 15, "B", status="Active")
    company.row("erp", "contract", "C", 15, "E", value="1190.00")
    company.heard(60)

    assert lives(company, MISMATCH) == [(30 + SLA_SECONDS, None, "")]


def test_what_only_the_new_rules_could_object_to_is_remembered_until_their_instant() -> None:
    play = Play(dossier_of("state_regression"))
    orders = play.governance.process
    without = play.governance.model_copy(update={"process": orders.model_copy(update={"orders": {}})})
    play.driver = Driver(without, dict.fromkeys(without.systems, read))
    play.told(()).heard(2).run()
    play.driver.publish(play.governance, 30 * SECOND)
    play.driver.run()
    play.tell(play.dossier.story)
    play.heard(100).run()

    assert [seconds_of(drift["opened_at"]) for drift in play.drifts()] == [30]


def test_a_running_grace_ends_as_the_rules_in_force_say() -> None:
    longer, shorter = differing_contract(at=25), differing_contract(at=25)
    publish(longer, 30, MISMATCH, sla_seconds=SLA_SECONDS + 4.0)
    publish(shorter, 30, MISMATCH, sla_seconds=2.0)
    for company in (longer, shorter):
        company.heard(60)

    assert lives(longer, MISMATCH) == [(25 + SLA_SECONDS + 4, None, "")]
    assert lives(shorter, MISMATCH) == [(30, None, "")]


@pytest.mark.parametrize("arrives_first", [True, False])
def test_a_grace_in_business_days_that_runs_from_a_link_is_left_alone_by_rules_of_other_kinds(
    *, arrives_first: bool
) -> None:
    day = 86_400
    company = Company(with_rules(governance(), MISMATCH, sla_business_days=1))
    company.row("crm", "Account", "A", 1, ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1, crm_account_id=None)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "subscription", "S", 2, "B", status="Active")
    company.row("erp", "contract", "C", 2, "E", value="1190.00")
    if arrives_first:
        publish(company, 3 * day + 60, UNPOSTED, severity="S4")
    company.row("billing", "account", "B", 3 * day, crm_account_id="A")
    company.heard(3 * day + 30)
    if not arrives_first:
        publish(company, 3 * day + 60, UNPOSTED, severity="S4")
    company.heard(8 * day)

    (drift,) = company.drifts(MISMATCH)
    assert [seconds_of(drift[name]) for name in ("due_at", "opened_at")] == [5 * day, 5 * day]


def test_what_is_ignored_from_an_instant_on_is_so_for_what_is_armed_as_well() -> None:
    company = unposted(at=25)
    rule = {"kind": UNPOSTED, "native_id": "I", "reason": "agreed", "by": "cfo", "expires_at": "1970-01-01T00:00:50Z"}
    company.driver.publish(company.governance.model_copy(update={"ignore": {"i": IgnoreRule(**rule)}}), 30 * SECOND)
    company.heard(45)
    assert lives(company, UNPOSTED) == []
    company.heard(60)

    assert lives(company, UNPOSTED) == [(50, None, "")]


# -- what is armed with a deadline keeps the rules under which it was armed


def test_an_armed_obligation_keeps_deadline_and_severity_but_not_who_acts() -> None:
    company = unposted(at=25, severity="S1")
    publish(company, 30, UNPOSTED, sla_seconds=2.0, severity="S4", mode="propose", owner_team="treasury")
    company.row("billing", "invoice", "J", 31, "B", number="I-2", status="Posted")
    company.heard(60)

    told = {d["native_id"]: d for d in company.drifts(UNPOSTED)}
    assert (seconds_of(told["I"]["opened_at"]), told["I"]["severity"]) == (25 + SLA_SECONDS, "S1")
    assert (seconds_of(told["J"]["opened_at"]), told["J"]["severity"]) == (33, "S4")
    assert {(d["mode"], d["owner_team"]) for d in told.values()} == {("propose", "treasury")}


def test_an_armed_obligation_keeps_its_rules_through_several_versions() -> None:
    company = unposted(at=25, severity="S1")
    publish(company, 30, UNPOSTED, sla_seconds=2.0, severity="S4")
    publish(company, 32, UNPOSTED, sla_seconds=3.0, severity="S3")
    company.heard(60)

    (drift,) = company.drifts(UNPOSTED)
    assert (seconds_of(drift["opened_at"]), drift["severity"]) == (25 + SLA_SECONDS, "S1")


def test_a_drift_that_moves_after_its_kind_was_switched_off_asks_for_the_same_and_only_proposes_it() -> None:
    company = unposted(at=2, mode="execute")
    company.row("crm", "Account", "A2", 1, ERP_Customer_Id__c="E2")
    company.row("erp", "customer", "E2", 1)
    company.heard(25)
    publish(company, 30, UNPOSTED, mode="propose")
    company.row("billing", "account", "B", 35, crm_account_id="A2")
    company.heard(60)

    first, second = (c for c in company.commands() if c["kind"] == UNPOSTED)
    assert (first["command_id"], first["mode"]) == (second["command_id"], "execute")
    permission_and_address = {"mode": "propose", "canonical_id": "crm:A2", "not_after": None}
    assert second == first | permission_and_address
    report = examine(
        DriverRecording(company.driver), company.governance, dict.fromkeys(company.governance.systems, read)
    )
    assert (report.code, report.differences) == (EQUAL, [])


def test_another_fact_demands_under_the_rules_in_force_then() -> None:
    company = unposted(at=25)
    publish(company, 30, UNPOSTED, sla_seconds=2.0)
    company.row("billing", "invoice", "I", 31, "B", status="Draft")
    company.row("billing", "invoice", "I", 32, "B", status="Posted")
    company.heard(60)

    assert lives(company, UNPOSTED) == [(34, None, "")]


def paid_in_part(*, tolerance: int) -> Play:
    dossier = UNMATCHED._replace(story=(payment(3), application(5, "100.00 EUR")), governed={
        **UNMATCHED.governed, "tolerance_absolute": Decimal(tolerance),
    })  # fmt: skip
    return Play(dossier).told(dossier.story).heard(6).run()


def publish_to(play: Play, at: float, **rules: Any) -> None:
    play.driver.publish(with_rules(play.governance, play.dossier.kind, **rules), round(at * SECOND))
    play.driver.run()


def test_an_armed_obligation_keeps_its_tolerance_until_it_is_settled_and_no_longer() -> None:
    play = paid_in_part(tolerance=0)
    publish_to(play, 8, tolerance_absolute=Decimal(50))
    (drift,) = play.heard(100).run().drifts()

    assert seconds_of(drift["opened_at"]) == 3 + SLA_SECONDS
    assert (drift["closed_at"], drift["how"]) == ((3 + SLA_SECONDS) * SECOND + 1, "rules_changed")


def test_what_was_met_by_its_own_rules_and_is_not_by_those_in_force_is_demanded_anew() -> None:
    play = paid_in_part(tolerance=50)
    publish_to(play, 8, tolerance_absolute=Decimal(0))
    (drift,) = play.heard(100).run().drifts()

    assert drift["opened_at"] == (3 + 2 * SLA_SECONDS) * SECOND + 1
    results = [w.value["result"] for w in play.driver.written[topics.AUDIT] if w.value]
    assert results == ["met", "missed"]


# -- the law


CHANGES: dict[str, dict[str, Any]] = {
    "sooner": {"sla_seconds": 4.0, "severity": "S4"},
    "later": {"sla_seconds": 17.0, "mode": "alert"},
    "tolerant": {"tolerance_absolute": Decimal(1_000_000), "hold_down_seconds": 3.0},
}


def named(dossiers: tuple[Dossier, ...]) -> Any:
    return pytest.mark.parametrize("dossier", dossiers, ids=[f"{d.kind}-{n}" for n, d in enumerate(dossiers)])


def published_at(dossier: Dossier, at: float, rules: dict[str, Any], perform: Callable[[Play], object]) -> Play:
    """The version arrives somewhere among what was heard before its instant."""
    play = Play(dossier).told(dossier.story)
    play.heard(at - 0.001)
    play.driver.publish(with_rules(play.governance, dossier.kind, **rules), round(at * SECOND))
    perform(play)
    perform(play.heard(dossier.ends))
    return play


def any_way(seed: int) -> Callable[[Play], object]:
    return lambda play: play.run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)


@pytest.mark.law
@named(DOSSIERS)
def test_wherever_it_arrives_and_commits_fall_verdicts_are_the_same(
    dossier: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(repr(dossier.story))
    rules = CHANGES[rng.choice(list(CHANGES))]
    at = rng.choice([dossier.opens_at + step for step in (-9, -3, -0.5, 0, 0.5, 7)])
    expected = published_at(dossier, at, rules, Play.run)
    monkeypatch.setattr(rollout, "SLICE", 1)

    for seed in range(2):
        assert published_at(dossier, at, rules, any_way(seed)).lives() == expected.lives()


@pytest.mark.law
@named(DOSSIERS)
def test_in_force_before_the_first_instant_it_is_as_if_it_had_always_been(dossier: Dossier) -> None:
    rules = CHANGES[random.Random(repr(dossier.story)).choice(list(CHANGES))]
    always = Play(dossier)
    always.governance = with_rules(always.governance, dossier.kind, **rules)
    always.driver = Driver(always.governance, dict.fromkeys(always.governance.systems, read))
    always.told(dossier.story).heard(dossier.ends).run()

    play = published_at(dossier, 0, rules, any_way(1))

    assert play.lives() == always.lives()


@settings(max_examples=20)
@given(histories(), st.integers(0, 2**32), st.lists(st.integers(0, 60), min_size=1, max_size=3))
def test_a_replay_from_any_commit_gives_the_same_verdicts_by_the_same_versions(
    history: Any, seed: int, instants: list[int]
) -> None:
    sources = inputs(history)
    calm, restless = (Restless(sources, random.Random(seed), stages) for stages in ((), ONE_INPUT))
    for each in (calm, restless):
        for number, at in enumerate(instants):
            each.driver.publish(by_turns(number), at * SECOND, number)
    for records in sources.values():
        for raw in records:
            calm.driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
    calm.driver.run()
    restless.run()

    assert outcome(restless.company) == outcome(calm.company)
    assert with_two_contents(restless.company, calm.company) == {}


def by_turns(number: int) -> Governance:
    """Everything sooner and more tolerant, or later and stricter."""
    rules = [{"sla_seconds": 4.0, "tolerance_absolute": Decimal(400)}, {"sla_seconds": 14.0, "severity": "S4"}]
    base = governance()
    kinds = {name: kind.model_copy(update=rules[number % 2]) for name, kind in base.kinds.items()}
    return base.model_copy(update={"kinds": kinds})


def test_nothing_behind_its_instant_is_judged_or_forgotten_before_all_customers_are_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All is heard before the first is looked at, and more comes; verdicts are due in the same commits."""
    monkeypatch.setattr(rollout, "SLICE", 1)
    company = Company(with_rules(governance(), MISMATCH, tolerance_absolute=Decimal(50)))
    for n in range(6):
        company.row("crm", "Account", f"A{n}", 1)
        company.row("billing", "account", f"B{n}", 1, crm_account_id=f"A{n}")
        company.row("erp", "customer", f"E{n}", 1, external_id=f"A{n}")
        company.row("billing", "subscription", f"S{n}", 2, f"B{n}", status="Active", contract_number=f"K-{n}")
        company.row("erp", "contract", f"C{n}", 2, f"E{n}", value="1190.00", number=f"K-{n}")
    company.heard(20)
    company.driver.publish(with_rules(company.governance, MISMATCH, tolerance_absolute=Decimal(1)), 30 * SECOND)
    for at, value in ((35, "1180.00"), (95, "1170.00")):
        for n in range(6):
            company.row("erp", "contract", f"C{n}", at, f"E{n}", run=False, value=value, number=f"K-{n}")
        company.heard(at + 50, run=False)
        upstream_of_judge(company.driver)
    judge(company.driver, deadlines=4)

    assert lives(company, MISMATCH) == [(30 + SLA_SECONDS, None, "")] * 6


def upstream_of_judge(driver: Driver) -> None:
    while waiting := [place for place, queue in driver.queues.items() if queue and place[0] != topics.CHANGES]:
        for place in waiting:
            driver.run_one(place)


def judge(driver: Driver, deadlines: int) -> None:
    """Everything is folded; then so many deadlines a commit are worked off."""
    for partition in range(driver.governance.partitions):
        while driver.queues[topics.CHANGES, partition]:
            driver.fold((topics.CHANGES, partition))
        while driver.commit("judge", partition, deadlines):
            pass


# -- restarts, verification, what cannot be taken


def restarted(company: Company, folders: Governance) -> Company:
    """Workers are started anew with other folders; state and input are as they were."""
    after = Company(folders)
    for (stage, partition), work in company.driver._work.items():
        after.driver.restore(Saved(stage, partition, dict(work.state.committed.items()), {}))
        after.driver._work[stage, partition].positions = work.positions
    after.driver._offsets, after.driver.written = company.driver._offsets, company.driver.written
    after._version = company._version
    return after


def test_a_restart_with_other_folders_changes_neither_what_was_before_nor_what_is_in_force() -> None:
    company = differing_contract(at=25, severity="S1")
    publish(company, 30, MISMATCH, sla_seconds=8.0)
    other = with_rules(governance(), MISMATCH, sla_seconds=1.0, severity="S4")
    after = restarted(company, other)
    after.row("billing", "subscription", "T", 26, "B", status="Active", contract_number="K-2", poll=90)
    after.row("erp", "contract", "D", 26, "E", value="1180.00", number="K-2", poll=91)
    after.heard(60)

    assert lives(after, MISMATCH) == [(33, None, ""), (34, None, "")]
    assert {d["severity"] for d in after.drifts(MISMATCH)} == {"S1"}


def test_a_worker_says_which_of_its_folders_rules_do_not_judge() -> None:
    company = differing_contract()
    stage = Judge(company.governance)
    assert stage.overruled(Workspace(company.driver.state("judge", 0))) == []
    publish(company, 30, MISMATCH, sla_seconds=8.0)

    (said,) = stage.overruled(Workspace(company.driver.state("judge", 0)))

    assert str(said) == f"kinds.yaml: {MISMATCH}.sla_seconds was 10.0 and becomes 8.0"


def test_what_a_version_may_not_decide_stays_as_the_worker_was_started() -> None:
    company = differing_contract()
    changed = with_rules(company.governance, MISMATCH, sla_seconds=4.0)
    changed = changed.model_copy(update={"judged": (), "systems": {}, "mappings": {}})
    company.driver.publish(changed, 1 * SECOND)
    company.heard(60)

    assert lives(company, MISMATCH) == [(6, None, "")]


def test_a_version_told_twice_is_one_and_an_unreadable_one_goes_to_the_dead_letters() -> None:
    company = differing_contract()
    for _ in range(2):
        publish(company, 30, MISMATCH, sla_seconds=8.0)
    (effect, *_) = publication(company.governance, 40 * SECOND, 0, "ada")
    broken = {**(effect.value or {}), "document": '{"partitions": 0}'}
    company.driver.pipe(topics.CHANGES, "", "GovernancePublished", broken, partition=0)
    company.heard(60)

    kept = history(Workspace(company.driver.state("judge", 0)))
    assert [seconds_of(version.in_force_at) for version in kept[1:]] == [30]
    letters = [w.value for w in company.driver.written[topics.DEAD_LETTERS] if w.value]
    assert [letter["reason"] for letter in letters] == ["bad_governance"]
    assert lives(company, MISMATCH) == [(2 + SLA_SECONDS, None, "")]


def test_a_version_of_an_earlier_instant_told_later_comes_before_the_other() -> None:
    company = differing_contract(tolerance_absolute=Decimal(50))
    publish(company, 40, MISMATCH, tolerance_absolute=Decimal(60))
    publish(company, 30, MISMATCH, tolerance_absolute=Decimal(1), sla_seconds=3.0)
    company.heard(90)

    assert lives(company, MISMATCH) == [(33, 40, "rules_changed")]


def test_verification_replays_each_version_and_the_rules_of_before() -> None:
    company = differing_contract(tolerance_absolute=Decimal(50))
    company.row("billing", "invoice", "I", 25, "B", status="Posted")
    publish(company, 30, MISMATCH, tolerance_absolute=Decimal(1))
    company.driver.publish(with_rules(company.governance, UNPOSTED, sla_seconds=2.0), 32 * SECOND, 1)
    company.heard(60)
    readers = dict.fromkeys(company.governance.systems, read)
    assert lives(company, UNPOSTED) == [(35, None, "")]

    today = with_rules(company.governance, UNPOSTED, sla_seconds=2.0)
    report = examine(DriverRecording(company.driver), today, readers)

    assert (report.code, report.differences, report.unproven) == (EQUAL, [], [])


@settings(max_examples=6)
@given(histories(), st.integers(0, 2**32), st.integers(10, 400), st.integers(0, 60))
def test_wherever_commits_crashes_and_the_end_fell_verification_finds_it_equal(
    history: Any, seed: int, steps: int, at: int
) -> None:
    restless = Restless(inputs(history), random.Random(seed), ())
    restless.driver.publish(by_turns(0), at * SECOND)
    for _ in range(steps):
        restless.act_once()
    governed = restless.company.governance

    report = examine(DriverRecording(restless.driver), governed, dict.fromkeys(governed.systems, read))

    assert (report.code, report.differences) == (EQUAL, [])
