"""The truth about the pipeline itself, and what people do about it."""

from datetime import UTC, date, datetime
from functools import cache

import pytest

from connectors.salesforce.simulator import DRIFTWISE_USER_ID
from connectors.salesforce.simulator.errors import ApiError
from schemas.instants import from_datetime, seconds
from streams.demo.beyond import BREAKER, DEAD_LETTERED, IDENTITY_CONFLICT, INEFFECTIVE, MASS_DRIFT, SOURCE_GAP
from streams.demo.beyond_truth import Answer, Breaker, Gap, Happened, Letter, Mass, drifts_beyond
from streams.demo.flaws import WRITEBACK_MISSING, Timing
from streams.demo.further import WON_WITHOUT_SUBSCRIPTION
from streams.demo.operators import Flow
from streams.demo.scenario import Plan, plan
from streams.demo.stories import SLA_SECONDS, story_of
from streams.demo.truth import ExpectedDrift, expected_drifts
from streams.demo.unreadable import RECORD
from tests.unit.ideal_companies import IdealCompanies

TODAY = date(2026, 11, 24)
STARTED_AT = from_datetime(datetime(2026, 11, 24, 12, tzinfo=UTC))
LATER = STARTED_AT + seconds(3600)
MASS = Mass(window=seconds(10), customers=10, partitions=4)
KINDS = ",".join((IDENTITY_CONFLICT, DEAD_LETTERED, INEFFECTIVE, SOURCE_GAP, MASS_DRIFT))


@cache
def run() -> tuple[Plan, IdealCompanies]:
    planned = plan(4, TODAY, spread_seconds=100, story=story_of(KINDS))
    companies = IdealCompanies(STARTED_AT)
    companies.run(planned, slas())
    return planned, companies


def slas() -> dict[str, float]:
    return {kind: sla for kind, sla in SLA_SECONDS.items() if kind in story_of(KINDS).kinds}


def truth(letters: tuple[Letter, ...] = (), gaps: tuple[Gap, ...] = ()) -> list[ExpectedDrift]:
    planned, companies = run()
    drifts = expected_drifts(planned, companies.journal, slas(), LATER)
    return drifts_beyond(planned, companies.journal, drifts, slas(), Happened(letters, gaps), MASS, LATER)


def of(kind: str, found: list[ExpectedDrift]) -> list[ExpectedDrift]:
    return [drift for drift in found if drift.kind == kind]


def unreadable(timing: Timing, *, tolerable: bool = False) -> str:
    planned, _ = run()
    flawed = {**planned.faults, **planned.near_misses}
    wanted = (DEAD_LETTERED, timing, tolerable)
    customer = next(c for c, f in flawed.items() if (f.kind, f.timing, f.within_tolerance) == wanted)
    return str(planned.written(f"{customer}/{RECORD}", "id"))


def letter(native_id: str, dismissed_after: float | None = None) -> Letter:
    dismissed_at = None if dismissed_after is None else LATER + seconds(dismissed_after - 100)
    return Letter(f"letter of {native_id}", "billing", native_id, LATER - seconds(100), dismissed_at)


def test_a_conflict_ends_with_the_link_and_what_fell_due_meanwhile_is_corrected_afterwards() -> None:
    conflicts, held = of(IDENTITY_CONFLICT, truth()), [d for d in truth() if d.not_before is not None]

    assert sorted(drift.ended for drift in conflicts) == [("open",)] * 3 + [("self_healed",)] * 2
    assert {(drift.kind, drift.ended) for drift in held} == {(WRITEBACK_MISSING, ("corrected", "self_healed"))}
    assert len(held) == 2
    assert {drift.owner_team for drift in conflicts} == {"customer-master"}


def test_a_letter_that_nobody_dealt_with_in_time_is_a_drift() -> None:
    never, late, prompt = (unreadable(timing) for timing in (Timing.NEVER, Timing.LATE, Timing.JUST_IN_TIME))
    other = unreadable(Timing.NEVER, tolerable=True)
    letters = (letter(never), letter(late, 15), letter(prompt, 3), letter(other))
    found = {drift.native_id: drift.ended for drift in of(DEAD_LETTERED, truth(letters))}

    assert found[f"letter of {never}"] == ("open",)
    assert found[f"letter of {late}"] == ("accepted",)
    assert found.keys().isdisjoint({f"letter of {prompt}", f"letter of {other}"})


def test_a_row_that_nobody_could_read_and_of_which_there_is_no_letter_is_missed() -> None:
    row = unreadable(Timing.NEVER)

    assert f"of {row}" in {drift.native_id for drift in of(DEAD_LETTERED, truth())}


def test_a_write_in_vain_that_nobody_makes_good_in_time_is_a_drift_of_the_record_that_it_was_about() -> None:
    planned, _ = run()
    found, about = of(INEFFECTIVE, truth()), {d.native_id for d in of(WRITEBACK_MISSING, truth())}

    assert {drift.customer for drift in found} == {c for c, f in planned.faults.items() if f.kind == INEFFECTIVE}
    assert {drift.native_id for drift in found} <= about
    assert {drift.ended for drift in found} == {("corrected", "self_healed")}


def test_each_gap_is_a_drift_of_its_source() -> None:
    (found,) = of(SOURCE_GAP, truth(gaps=(Gap("billing", STARTED_AT),)))

    assert (found.system, found.entity, found.native_id, found.ended) == ("billing", "source", "*", ("self_healed",))


def test_many_at_once_are_a_mass_drift_and_a_few_are_none() -> None:
    (found,) = of(MASS_DRIFT, truth())

    assert (found.native_id, found.certain, found.ended) == (WON_WITHOUT_SUBSCRIPTION, True, ("self_healed",))
    assert found.opened_at < STARTED_AT + seconds(45)


def test_fewer_than_make_a_mass_are_none() -> None:
    planned, companies = run()
    drifts = expected_drifts(planned, companies.journal, slas(), LATER)
    strict = MASS._replace(customers=40)

    assert of(MASS_DRIFT, drifts_beyond(planned, companies.journal, drifts, slas(), Happened(), strict, LATER)) == []


def test_the_flow_of_the_crm_puts_back_what_driftwise_writes_to_some_accounts_and_nothing_else() -> None:
    flow, changes = Flow({"N-1": 7}), {"ERP_Customer_Id__c": "C", "Status__c": "Active"}
    account = {"Id": "001", "AccountNumber": "N-1"}

    assert flow("Account", account, changes, DRIFTWISE_USER_ID) == {"Status__c": "Active"}
    assert flow("Account", account, changes, "somebody") == changes
    assert flow("Account", {**account, "AccountNumber": "N-2"}, changes, DRIFTWISE_USER_ID) == changes
    assert flow.put_back[7][0] == "001"


def test_to_some_accounts_a_rule_lets_driftwise_write_nothing_until_it_is_lifted() -> None:
    flow, changes, account = Flow({}, {"N-1": 7}), {"ERP_Customer_Id__c": "C"}, {"Id": "001", "AccountNumber": "N-1"}

    with pytest.raises(ApiError, match="FIELD_CUSTOM_VALIDATION_EXCEPTION"):
        flow("Account", account, changes, DRIFTWISE_USER_ID)
    assert flow("Account", account, changes, "somebody") == changes
    flow.lifted = True
    assert flow("Account", account, changes, DRIFTWISE_USER_ID) == changes

    assert flow.refused[7][0] == "001"
    assert [answer.refused for answer in flow.answers] == [True, False]


@pytest.mark.parametrize(
    ("answers", "opened"),
    [
        ("xx.xx", []),  # not in a row
        ("xxx", [2]),
        (".xxxxx", [3]),  # what is refused while it is open begins nothing
        ("xxx........x", [2, 11]),  # the first after it has ended
        ("xxx.........x", [2]),  # ended, and one was saved since
    ],
)
def test_so_many_refusals_in_a_row_open_a_breaker_of_the_kind_and_of_the_system(
    answers: str, opened: list[int]
) -> None:
    told = [Answer(STARTED_AT + seconds(at), refused == "x") for at, refused in enumerate(answers)]
    planned = plan(4, TODAY, story=story_of(BREAKER))
    journal = IdealCompanies(STARTED_AT).run(planned, SLA_SECONDS)
    happened, breaker = Happened(answers=told), Breaker(3, seconds(9))
    found = of(BREAKER, drifts_beyond(planned, journal, [], SLA_SECONDS, happened, MASS, LATER, breaker))

    assert {(drift.system, drift.native_id) for drift in found} == (
        {("driftwise", f"kind/{WRITEBACK_MISSING}"), ("crm", "system/crm")} if opened else set()
    )
    assert sorted({drift.opened_at for drift in found}) == [STARTED_AT + seconds(at) for at in opened]
    assert {drift.ended for drift in found} <= {("expired",)}


def test_those_whose_writes_are_refused_start_together_once_the_others_have_begun() -> None:
    planned = plan(4, TODAY, spread_seconds=100, story=story_of(BREAKER))
    starts = sorted(j.starts_at_seconds for j in planned.journeys if j.customer in planned.struck)

    assert len(starts) == 10
    assert 60 <= starts[0] <= starts[2] <= 64
    assert 90 <= starts[3] <= starts[-1] <= 94
