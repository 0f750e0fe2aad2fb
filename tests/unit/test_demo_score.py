"""What counts as found, what as missed, and what as false."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from schemas.instants import from_datetime, seconds
from streams.demo import flaws
from streams.demo.matching import Seen
from streams.demo.report import as_json, render
from streams.demo.run import behind
from streams.demo.scenario import plan
from streams.demo.score import COUNTS, score
from streams.demo.truth import Outage, expected_drifts
from tests.unit.ideal_companies import IdealCompanies

STARTED_AT = from_datetime(datetime(2026, 11, 24, 12, tzinfo=UTC))
END = STARTED_AT + seconds(600)
SLAS = flaws.DEFAULT_SLA_SECONDS
PAUSE = Outage("billing", STARTED_AT + seconds(20), STARTED_AT + seconds(30))
HORIZONS = dict.fromkeys(SLAS, 1.0)


@pytest.fixture(scope="module")
def run():
    planned = plan(1, date(2026, 11, 24))
    journal = IdealCompanies(STARTED_AT).run(planned, SLAS)
    return planned, expected_drifts(planned, journal, SLAS, END, [PAUSE], stale_after_seconds=6)


def open_record(drift, number=0, **other):
    money = {"amount": drift.amount, "currency": drift.currency, "basis": "net"} if drift.amount is not None else None
    evidence = [
        {"system": s, "entity": e, "native_id": n, "native_version": version}
        for (s, e, n), version in drift.evidence.items()
    ]
    return {
        "drift_id": f"{drift.kind}/{drift.native_id}/{number}",
        "kind": drift.kind,
        "system": drift.system,
        "entity": drift.entity,
        "native_id": drift.native_id,
        "status": "open",
        "opened_at": drift.opened_at,
        "amount_at_stake": money,
        "owner_system": drift.owner_system,
        "owner_team": drift.owner_team,
        "evidence": evidence,
        "how": "",
    } | other


def seen(drift, after_seconds=1.5, **other):
    return Seen(drift.opened_at + seconds(after_seconds), open_record(drift, **other))


def closed(drift, how):
    return seen(drift, after_seconds=3, status="closed", how=how)


def perfect(truth):
    """Everything found at once; what is automatic is corrected."""
    corrected = [closed(d, "corrected") for d in truth if d.kind in flaws.AUTOMATIC]
    return [*(seen(d) for d in truth), *corrected]


def first_of(truth, kind):
    return next(d for d in truth if d.kind == kind)


def test_a_perfect_run_passes(run):
    planned, truth = run
    result = score(planned, truth, perfect(truth), [], HORIZONS)

    assert {name: result.total(name) for name in COUNTS} == {
        "injected": len(truth),
        "detected": len(truth),
        "missed": 0,
        "false": 0,
        "corrected": 16,
    }
    assert result.passed
    assert result.unresolved == 0
    assert result.differences == ()


def test_a_drift_nobody_raised_is_missed(run):
    planned, truth = run
    lost = first_of(truth, flaws.INVOICE_NOT_POSTED)
    result = score(planned, truth, perfect([d for d in truth if d != lost]), [], HORIZONS)

    assert result.counts["missed"] == {k: int(k == lost.kind) for k in result.counts["missed"]}
    assert result.total("false") == 0
    assert not result.passed


def test_a_drift_that_opened_and_closed_by_itself_without_reason_is_false(run):
    planned, truth = run
    invented = truth[0]._replace(native_id="nobody")
    result = score(planned, truth, [*perfect(truth), seen(invented), closed(invented, "self_healed")], [], HORIZONS)

    assert (result.total("false"), result.total("missed")) == (1, 0)
    assert not result.passed


def test_the_same_drift_raised_twice_under_two_ids_is_false_once(run):
    planned, truth = run
    result = score(planned, truth, [*perfect(truth), seen(truth[0], number=1)], [], HORIZONS)

    assert (result.total("false"), result.total("missed")) == (1, 0)


@pytest.mark.parametrize(
    ("last", "word"),
    [
        ({"status": "open", "how": ""}, "is open in the end, not corrected"),
        ({"status": "closed", "how": "accepted", "closed_at": END}, "is accepted in the end, not corrected"),
        ({"status": "closed", "how": "corrected", "closed_at": STARTED_AT}, "corrected while it was not certain"),
        ({"status": "closed", "how": "corrected", "closed_at": END}, ""),
    ],
)
def test_where_it_is_known_how_a_drift_must_have_ended_another_end_is_wrong(run, last, word):
    planned, truth = run
    victim = first_of(truth, flaws.WRITEBACK_MISSING)._replace(ended=("corrected",), not_before=END)
    result = score(planned, [victim], [seen(victim), seen(victim, **last)], [], HORIZONS)

    assert result.total("missed") == bool(word)
    assert word in " ".join(result.differences)


def test_a_drift_that_moved_goes_on_at_the_other_customer(run):
    planned, truth = run
    victim = first_of(truth, flaws.WRITEBACK_MISSING)._replace(ended=("corrected",))
    found = [seen(victim), closed(victim, "corrected"), closed(victim, "moved")]

    assert score(planned, [victim], found, [], HORIZONS).total("detected") == 1


def test_what_may_be_a_drift_is_none_where_it_was_not_found(run):
    planned, truth = run
    doubtful = truth[0]._replace(certain=False)

    unseen = score(planned, [doubtful], [], [], HORIZONS)
    found = score(planned, [doubtful], [seen(doubtful)], [], HORIZONS)

    assert [(r.total("injected"), r.total("missed"), r.total("detected")) for r in (unseen, found)] == [
        (0, 0, 0),
        (1, 0, 1),
    ]


def test_a_rewritten_record_of_one_drift_is_not_a_second_one(run):
    planned, truth = run
    again = [*perfect(truth), closed(first_of(truth, flaws.ACTIVATION_STALLED), "self_healed")]

    assert score(planned, truth, again, [], HORIZONS).passed


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"amount_at_stake": {"amount": Decimal("0.01"), "currency": "EUR", "basis": "net"}}, "amount"),
        ({"amount_at_stake": None}, "amount"),
        ({"owner_team": "nobody"}, "owner team"),
        ({"owner_system": "crm"}, "owner system"),
        ({"evidence": []}, "evidence"),
        ({"status": "closed", "how": "retracted"}, "retracted"),
    ],
)
def test_the_right_subject_with_wrong_particulars_is_missed_and_false(run, wrong, word):
    planned, truth = run
    victim = first_of(truth, flaws.INVOICE_NOT_POSTED)
    found = [seen(victim, **wrong), *perfect([d for d in truth if d != victim])]
    result = score(planned, truth, found, [], HORIZONS)

    assert (result.total("missed"), result.total("false")) == (1, 1)
    assert victim.native_id in result.differences[0]
    assert word in result.differences[0]


def test_evidence_of_another_version_is_not_the_evidence(run):
    planned, truth = run
    victim = first_of(truth, flaws.VALUE_MISMATCH)
    older = victim._replace(evidence={name: f"{version}0" for name, version in victim.evidence.items()})
    result = score(planned, truth, [seen(older), *perfect([d for d in truth if d != victim])], [], HORIZONS)

    assert (result.total("missed"), result.total("false")) == (1, 1)


def test_a_time_as_version_may_be_spelled_as_salesforce_or_as_iso(run):
    planned, truth = run
    victim = first_of(truth, flaws.WON_WITHOUT_ERP_CUSTOMER)
    spelled = {name: version.replace("Z", "+0000") for name, version in victim.evidence.items()}
    result = score(planned, [victim], [seen(victim._replace(evidence=spelled))], [], HORIZONS)

    assert spelled != victim.evidence
    assert result.total("detected") == 1


def test_baseline_and_tombstones_are_no_findings(run):
    planned, truth = run
    stood = seen(truth[0]._replace(native_id="before go-live"), status="baseline")
    result = score(planned, truth, [*perfect(truth), stood, Seen(END, None)], [], HORIZONS)

    assert result.passed


def test_an_automatic_kind_left_open_is_unresolved_and_a_proposed_one_is_not(run):
    planned, truth = run
    result = score(planned, truth, [seen(d) for d in truth], [], HORIZONS)

    assert result.unresolved == sum(1 for d in truth if d.kind in flaws.AUTOMATIC)


def test_detection_is_measured_from_when_it_could_be_decided(run):
    planned, truth = run
    result = score(planned, truth, perfect(truth), [], HORIZONS)

    assert result.detection.p50 == pytest.approx(0.5)
    assert result.detection_raw.p50 == pytest.approx(1.5)


def test_a_pause_explains_an_answer_that_came_late(run):
    planned, truth = run
    late = {"kind": flaws.INVOICE_NOT_POSTED, "due_at": PAUSE.begun_at + seconds(2), "result": "met"}
    prompt = {**late, "due_at": PAUSE.begun_at - seconds(5)}
    audit = [Seen(PAUSE.ended_at + seconds(2), late), Seen(PAUSE.begun_at - seconds(4.2), prompt)]

    explained = score(planned, truth, perfect(truth), audit, HORIZONS, [PAUSE])
    unexplained = score(planned, truth, perfect(truth), audit, HORIZONS)

    assert explained.unknown_excess.p99 == pytest.approx(1.0)
    assert unexplained.unknown_excess.p99 == pytest.approx(9.0)


def test_a_run_without_a_pause_proves_too_little(run):
    planned, truth = run
    without = [d for d in truth if d.kind != flaws.SOURCE_STALE]
    result = score(planned, without, perfect(without), [], HORIZONS)

    assert result.shortfalls == ("no source was paused beyond its limit",)
    assert not result.passed


def test_four_faults_of_a_kind_are_too_few(run):
    planned, truth = run
    lost = first_of(truth, flaws.ACTIVATION_STALLED)
    fewer = [d for d in truth if d != lost]
    result = score(planned, fewer, perfect(fewer), [], HORIZONS)

    assert "only 4 of activation_stalled" in result.shortfalls[0]


def test_a_near_miss_that_slipped_counts_as_injected_and_no_longer_as_near(run):
    planned, truth = run
    customer = next(c for c, flaw in planned.near_misses.items() if flaw.kind == flaws.INVOICE_NOT_POSTED)
    slipped = first_of(truth, flaws.INVOICE_NOT_POSTED)._replace(customer=customer, native_id="slipped", planned=False)
    result = score(planned, [*truth, slipped], perfect([*truth, slipped]), [], HORIZONS)

    assert result.passed
    planned_near = sum(flaw.kind == flaws.INVOICE_NOT_POSTED for flaw in planned.near_misses.values())
    assert result.near_misses[flaws.INVOICE_NOT_POSTED] == planned_near - 1


def test_the_json_object_has_every_promised_figure(run):
    planned, truth = run
    told = json.loads(json.dumps(as_json(score(planned, truth, perfect(truth), [], HORIZONS, events=1234))))

    assert told["totals"] == {name: sum(told[name].values()) for name in COUNTS}
    assert set(told["injected"]) == {*SLAS, flaws.SOURCE_STALE}
    assert told["near_misses"] == len(planned.near_misses)
    assert told["clean_customers"] == len(planned.clean)
    assert set(told["detection_seconds"]) == {"p50", "p99"}
    assert (told["unknown_excess_seconds"], told["unresolved"]) == ({"p99": None}, 0)
    assert (told["events"], told["seed"]) == (1234, 1)


def test_people_see_a_line_for_each_kind_and_why_a_run_failed(run):
    planned, truth = run
    console = Console(width=160, record=True, file=None, force_terminal=False)
    with console.capture() as told:
        console.print(render(score(planned, truth, [], [], HORIZONS)))

    assert all(kind in told.get() for kind in SLAS)
    assert "FAILED" in told.get()
    assert "missed" in told.get()


def test_no_name_of_a_kind_is_cut_on_eighty_columns(run):
    planned, truth = run
    console = Console(width=80, record=True, file=None, force_terminal=False)
    with console.capture() as told:
        console.print(render(score(planned, truth, [], [], HORIZONS)))

    assert "…" not in told.get()


def test_companies_that_fell_behind_their_plan_make_the_score_doubtful():
    assert behind(70.0, 45.0) is None
    assert "313 s for what was planned in 45 s" in (behind(313.0, 45.0) or "")
