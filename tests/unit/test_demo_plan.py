"""What a plan of the demo promises, whatever the seed."""

from collections import Counter
from datetime import UTC, date, datetime
from functools import cache

import pytest

from schemas.instants import from_datetime, seconds
from streams.demo.flaws import DEFAULT_SLA_SECONDS, FAULTS, SOURCE_STALE, WON_WITHOUT_ERP_CUSTOMER
from streams.demo.scenario import Plan, clean_journeys, plan
from streams.demo.steps import Ref, Step, in_time_order
from streams.demo.truth import Outage, expected_drifts, last_deadline
from streams.governance.load import load
from streams.governance.model import Vocabulary
from tests.depth import cases
from tests.unit.ideal_companies import IdealCompanies

TODAY = date(2026, 11, 24)
STARTED_AT = from_datetime(datetime(2026, 11, 24, 12, 0, 0, 123_456, tzinfo=UTC))
AN_HOUR_LATER = STARTED_AT + seconds(3600)
SLAS = DEFAULT_SLA_SECONDS
SEEDS = range(cases(8, thorough=40))


@cache
def plan_of(seed: int):
    return plan(seed, TODAY, SLAS)


@cache
def truth_of(seed: int):
    """The plan, and what ideal companies make of it; their start falls anywhere within a second."""
    planned = plan_of(seed)
    journal = IdealCompanies(STARTED_AT + seed * 20_011, seed).run(planned, SLAS)
    return planned, expected_drifts(planned, journal, SLAS, AN_HOUR_LATER)


@pytest.mark.parametrize("seed", SEEDS)
def test_ideal_companies_cause_exactly_the_planned_drifts(seed):
    planned, truth = truth_of(seed)

    assert Counter((d.customer, d.kind) for d in truth) == Counter(planned.planned_drifts())
    assert all(d.planned for d in truth)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_seed_has_enough_of_every_kind(seed):
    planned = plan_of(seed)

    faults = Counter(flaw.kind for flaw in planned.faults.values())
    near = Counter(flaw.kind for flaw in planned.near_misses.values())
    assert faults.keys() == near.keys() == SLAS.keys()
    assert min(faults.values()) >= 5
    assert min(near.values()) >= 2
    assert len(planned.clean) >= 10 * len(planned.faults)
    assert planned.duration_seconds < 60


def test_a_seed_repeats_its_plan_to_the_last_amount():
    assert plan(7, TODAY, SLAS) == plan_of(7)


def test_another_seed_is_another_story():
    assert plan_of(7).journeys != plan_of(6).journeys


def test_a_record_is_created_before_anything_refers_to_it():
    for seed in SEEDS:
        known: set[str] = set()
        for step in plan_of(seed).steps():
            for write in step.writes:
                known |= {write.record} if write.creates else set()
                needed = {v.record for v in write.values.values() if isinstance(v, Ref)} | {write.record}
                assert needed <= known


def test_native_ids_are_unique_within_a_run_and_between_seeds():
    ids = [
        (step.system, write.table, write.values["id"])
        for seed in (1, 2)
        for step in plan_of(seed).steps()
        for write in step.writes
        if write.creates and "id" in write.values
    ]

    assert len(ids) == len(set(ids))


def test_an_sla_that_clean_customers_could_miss_is_refused():
    with pytest.raises(ValueError, match="at least 6 s"):
        plan(1, TODAY, {**SLAS, WON_WITHOUT_ERP_CUSTOMER: 3})


def test_holding_goes_on_without_a_single_fault():
    journeys = []
    for journey in clean_journeys(3, TODAY, per_second=2.0):
        journeys.append(journey)
        if len(journeys) == 200:
            break
    held = Plan(3, tuple(journeys), {}, {})
    journal = IdealCompanies(STARTED_AT).run(held, SLAS)

    assert journeys[-1].starts_at_seconds == 100.0
    assert expected_drifts(held, journal, SLAS, AN_HOUR_LATER) == []


def test_steps_of_endless_journeys_come_in_time_order():
    steps = in_time_order(clean_journeys(3, TODAY))
    times = [next(steps).at_seconds for _ in range(500)]

    assert times == sorted(times)


def test_a_customer_whose_steps_slip_past_the_deadline_is_a_true_drift_though_unplanned():
    planned = plan_of(5)
    victim = next(j.customer for j in planned.journeys if j.customer in planned.clean and len(j.steps) > 15)
    won_at = next(s.at_seconds for s in planned.steps() if s.customer == victim and s.writes[0].values.get("StageName"))

    def late(step: Step) -> float:
        return 30.0 if step.customer == victim and step.at_seconds > won_at + 2 and step.system == "erp" else 0.0

    journal = IdealCompanies(STARTED_AT).run(planned, SLAS, late)
    truth = expected_drifts(planned, journal, SLAS, AN_HOUR_LATER)

    mine = {drift.kind: drift.planned for drift in truth if drift.customer == victim}
    assert mine
    assert not any(mine.values())


def test_the_correction_of_a_missing_erp_customer_leaves_a_write_back_that_is_missing():
    planned, truth = truth_of(4)
    corrected = [d for d in truth if d.native_id == f"C-{d.customer}"]

    assert {d.customer for d in corrected} == {
        c for c, flaw in planned.faults.items() if flaw.kind == WON_WITHOUT_ERP_CUSTOMER
    }
    assert {(d.system, d.entity, d.owner_system, d.owner_team) for d in corrected} == {
        ("erp", "customer", "erp", "integration")
    }


@pytest.mark.parametrize(("away_seconds", "expected"), [(6.0, []), (6.5, ["billing"])])
def test_a_source_away_for_longer_than_its_limit_is_stale(away_seconds, expected):
    planned = plan_of(1)
    outage = Outage("billing", STARTED_AT, STARTED_AT + seconds(away_seconds))

    truth = expected_drifts(planned, [], SLAS, AN_HOUR_LATER, [outage], stale_after_seconds=6)

    assert [drift.native_id for drift in truth] == expected
    assert all(drift.kind == SOURCE_STALE and drift.owner_team == "platform-engineering" for drift in truth)


def test_a_subscription_that_starts_next_month_is_not_stalled_today():
    planned = plan_of(2)
    journal = IdealCompanies(STARTED_AT).run(planned, SLAS)
    later = {drift.kind for drift in expected_drifts(planned, journal, SLAS, AN_HOUR_LATER + seconds(31 * 86_400))}
    waiting = {drift.kind for drift in expected_drifts(planned, journal, SLAS, AN_HOUR_LATER) if not drift.planned}

    assert later
    assert waiting == set()


def test_nothing_is_expected_before_it_is_due():
    planned = plan_of(1)
    journal = IdealCompanies(STARTED_AT).run(planned, SLAS)
    end = last_deadline(journal, SLAS, now=AN_HOUR_LATER)

    assert end is not None
    assert expected_drifts(planned, journal, SLAS, STARTED_AT) == []
    assert len(expected_drifts(planned, journal, SLAS, end)) == len(FAULTS) + 5


def test_every_value_that_a_company_writes_is_known_to_the_default_governance():
    mappings = load().mappings
    written = [(step.system, write) for step in plan_of(1).steps() for write in step.writes]

    unknown = {
        (system, write.table, vocabulary.field, value)
        for system, write in written
        for vocabulary in mappings[system][write.table].attributes.values()
        if isinstance(vocabulary, Vocabulary)
        and (value := write.values.get(vocabulary.field)) is not None
        and value not in vocabulary.map
    }

    assert unknown == set()
