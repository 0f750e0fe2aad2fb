"""What `demo --kinds` makes of its names."""

from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner

from schemas.instants import from_datetime, seconds
from streams.commands.demo import demo
from streams.demo import beyond, flaws, further
from streams.demo.claims.table import CLAIMS, TEAMS
from streams.demo.cluster import OVERLAY, governed
from streams.demo.matching import Seen
from streams.demo.report import as_json
from streams.demo.run import slas
from streams.demo.scenario import plan
from streams.demo.score import score
from streams.demo.stories import ALL, FIRST, SLA_SECONDS, story_of
from streams.demo.truth import expected_drifts
from streams.fleet import FLEET_KINDS
from streams.governance import load
from streams.kinds.table import judged
from streams.suspects.table import SUSPECT_KINDS
from tests.unit.ideal_companies import IdealCompanies

TODAY = date(2026, 11, 24)
STARTED_AT = from_datetime(datetime(2026, 11, 24, 12, tzinfo=UTC))


def test_names_with_commas_are_a_story_of_their_own():
    story = story_of("invoice_not_posted, duplicate_document")

    assert story.kinds == {flaws.INVOICE_NOT_POSTED, further.DUPLICATE_DOCUMENT}
    assert story.injected == story.kinds
    assert {flaw.kind for flaw in story.near_misses} == story.kinds


def test_first_and_all_are_known_by_name():
    assert (story_of("first"), story_of("all")) == (FIRST, ALL)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("invoice_not_postd", "'invoice_not_postd' cannot be injected (did you mean 'invoice_not_posted'?)"),
        ("nonsense", "'nonsense' cannot be injected; known: first, all, activation_stalled"),
        ("", "no kind is named; give first, all, activation_stalled"),
        ("all,first", "'all' cannot be injected together with others; give it alone"),
    ],
)
def test_a_name_that_cannot_be_injected_is_refused_with_what_can(names, said):
    ended = CliRunner().invoke(demo, ["--kinds", names])

    assert ended.exit_code == 2
    assert said in ended.output


def test_every_kind_of_a_customer_has_five_faults_two_near_misses_and_an_independent_truth():
    kinds = ALL.kinds - beyond.ONCE

    assert all(sum(flaw.kind == kind for flaw in ALL.faults) >= 5 for kind in kinds)
    assert all(sum(flaw.kind == kind for flaw in ALL.near_misses) >= 2 for kind in kinds)
    of_the_pipeline = {beyond.DEAD_LETTERED, beyond.INEFFECTIVE}
    assert CLAIMS.keys() == TEAMS.keys() == kinds - flaws.DEFAULT_SLA_SECONDS.keys() - of_the_pipeline


def test_every_kind_that_is_built_and_that_this_deployment_can_judge_is_injected(tmp_path):
    governance = load(*governed(tmp_path, ALL))
    predicates = {kind.name for kind in judged(governance)}

    built = predicates | FLEET_KINDS.keys() | SUSPECT_KINDS.keys()
    assert built == ALL.kinds


def test_what_a_kind_rests_on_is_injected_with_it():
    story = story_of("mass_drift")

    assert story.kinds == {beyond.MASS_DRIFT, further.WON_WITHOUT_SUBSCRIPTION}
    assert [(each.kind, each.customers) for each in story.breakdowns] == [("mass_drift", 30), ("mass_drift", 6)]


def test_a_breakdown_befalls_many_at_once_and_counts_as_one_cause():
    planned = plan(3, TODAY, spread_seconds=100, story=story_of("mass_drift"))
    starts = {j.customer: j.starts_at_seconds for j in planned.journeys}

    assert len(planned.struck) == 36
    assert sum(20 <= starts[customer] <= 24 for customer in planned.struck) == 30
    assert planned.causes == len(planned.faults) - 34
    assert len(planned.clean) >= 10 * planned.causes


@pytest.mark.parametrize("names", ["first", "all", "step_skipped"])
def test_the_deadlines_of_the_plan_are_those_that_the_demo_governs(names, tmp_path):
    story = story_of(names)
    governance = load(*governed(tmp_path, story))

    assert slas(governance, story) == {kind: SLA_SECONDS[kind] for kind in story.kinds - beyond.ONCE}


def test_only_the_whole_story_judges_what_it_does_not_inject(tmp_path):
    assert load(*governed(tmp_path, ALL)).wants("hierarchy_divergence")
    assert not load(*governed(tmp_path, story_of("step_skipped"))).wants("hierarchy_divergence")
    assert governed(tmp_path, FIRST) == (OVERLAY,)


def test_a_plan_of_some_kinds_holds_no_others():
    planned = plan(1, TODAY, story=story_of("step_skipped"))

    assert {flaw.kind for flaw in (*planned.faults.values(), *planned.near_misses.values())} == {"step_skipped"}
    assert len(planned.clean) >= 10 * len(planned.faults)


@pytest.mark.law
def test_each_fault_causes_its_drift_and_no_near_miss_does():
    planned = plan(3, TODAY, story=ALL)
    journal = IdealCompanies(STARTED_AT).run(planned, SLA_SECONDS)
    drifted = {(d.customer, d.kind) for d in expected_drifts(planned, journal, SLA_SECONDS, STARTED_AT + seconds(3600))}

    pipeline = (beyond.DEAD_LETTERED, beyond.INEFFECTIVE)  # theirs is not in the companies' records
    assert {(c, flaw.kind) for c, flaw in planned.faults.items() if flaw.kind not in pipeline} <= drifted
    assert drifted.isdisjoint((c, flaw.kind) for c, flaw in planned.near_misses.items())
    assert {customer for customer, _ in drifted}.isdisjoint(planned.clean)


def test_a_drift_whose_truth_nobody_knows_is_told_beside_the_score():
    planned = plan(1, TODAY, story=story_of("step_skipped"))
    record = {"drift_id": "1", "kind": "mass_drift", "system": "s", "entity": "e", "native_id": "n", "status": "open"}
    seen = [Seen(0, record | {"opened_at": 0})]

    result = score(planned, [], seen, [], {}, beside=["mass_drift", "source_gap"], not_judged=["payment_unmatched"])

    assert result.total("false") == 0
    assert as_json(result)["judged_not_injected"] == {"mass_drift": 1, "source_gap": 0}
    assert as_json(result)["not_judged"] == ["payment_unmatched"]
