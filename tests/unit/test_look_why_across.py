"""Why, for the kinds about identity across customers: what stands, what comes close, and what nobody has heard."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import seconds
from streams.demo.scenario import plan
from streams.demo.stories import SLA_SECONDS, story_of
from streams.driver import Driver
from streams.governance import Governance
from streams.likeness.keys import CROWD
from streams.look.across import Stages, explain_across, read_stages
from streams.look.off import switched_off
from streams.look.why import OUTCOMES, Explanation
from streams.suspects.table import CIRCLE, CONFLICT, CUSTOMERS, DOCUMENTS
from tests.look import DriverCluster, micros
from tests.topology import Company, governance
from tests.unit.ideal_companies import IdealCompanies, with_clean
from tests.unit.test_demo_engine import SECONDS, STARTED_AT, TODAY, Replay
from tests.unit.test_hierarchy_circles import QUIET, TRIANGLE, prepared, under
from tests.unit.test_identity_conflict import claimed_twice, linked
from tests.unit.test_suspects import ACME, BILLED, LEDGER, LOOKS_LIKE_ACME, invoices, twins, watchful

STRANGER: dict[str, Any] = {**ACME, "Name": "Bäckerei Schmitz", "Tax_Id__c": "DE129273398"}


def answers(driver: Driver, governed: Governance, customer: str, now: float) -> list[Explanation]:
    view = driver.state("judge", topics.partition_for(customer, governed.partitions))
    stages = read_stages(DriverCluster(driver), governed, view, customer)
    found = explain_across(stages, governed, customer, micros(now))
    for one in found:
        assert one.outcome in OUTCOMES
        assert readable(one.because), one
    return found


def heard_but(company: Company, silent: str, until: float) -> None:
    """Everybody up to a minute, one system only until then."""
    company.heard(60, *[system for system in company.governance.systems if system != silent])
    company.heard(until, silent)


def readable(text: str) -> bool:
    return bool(text) and not any(word in text for word in (" None", "{", "}", "Decimal", "null", "''"))


def answer(company: Company, kind: str, native_id: str, customer: str, now: float = 100) -> Explanation:
    found = answers(company.driver, company.governance, customer, now)
    (one,) = [e for e in found if (e.kind, e.native_id) == (kind, native_id)]
    return one


@pytest.fixture
def company() -> Company:
    return Company(watchful())


# -- customers that might be one


def test_an_open_suspicion_says_how_alike_the_two_are(company: Company) -> None:
    twins(company)
    company.heard(60)

    found = answer(company, CUSTOMERS, "A2", "crm:A2")

    assert (found.outcome, found.drift_id) == ("open", company.open(CUSTOMERS)[0]["drift_id"])
    assert "open since 1970-01-01T00:00:12.000Z" in found.because
    assert "same tax id (+10)" in found.because
    assert "suspected from +9" in found.because


def test_the_senior_says_of_whom_it_is_told(company: Company) -> None:
    twins(company)
    company.heard(60)

    found = answer(company, CUSTOMERS, "A1", "crm:A1")

    assert found.outcome == "open"
    assert found.because.startswith("told of A2 of crm (crm:A2): open since")


def test_within_the_grace_it_is_not_due(company: Company) -> None:
    twins(company)
    company.heard(5)

    found = answer(company, CUSTOMERS, "A2", "crm:A2", now=6)

    assert (found.outcome, found.due_at) == ("pending", micros(12))


@pytest.mark.parametrize("silent", ["crm", "billing", "erp"])
def test_while_a_source_lags_the_answer_names_it(company: Company, silent: str) -> None:
    twins(company)
    heard_but(company, silent, 8)

    found = answer(company, CUSTOMERS, "A2", "crm:A2")

    assert found.outcome == "unknown"
    assert f"{silent}/" in found.because
    assert "heard only up to 1970-01-01T00:00:08.000Z" in found.because


def test_what_a_record_says_since_a_source_was_last_heard_is_not_compared_yet(company: Company) -> None:
    twins(company)
    heard_but(company, "billing", 1)

    found = answer(company, CUSTOMERS, "A2", "crm:A2")

    assert found.outcome == "unknown"
    assert "since 1970-01-01T00:00:02.000Z is not compared yet, as billing/" in found.because
    assert "heard only up to 1970-01-01T00:00:01.000Z" in found.because


@pytest.mark.parametrize("silent", ["crm", "billing", "erp"])
def test_while_a_source_was_never_heard_nothing_is_said_to_be_alone(company: Company, silent: str) -> None:
    company.row("crm", "Account", "A1", 1, **ACME)
    company.heard(60, *[s for s in company.governance.systems if s != silent])

    found = answer(company, CUSTOMERS, "A1", "crm:A1")

    assert (found.outcome, f"{silent}/" in found.because, "never been heard" in found.because) == (
        "unknown",
        True,
        True,
    )


def test_one_that_is_not_alike_enough_says_by_how_much_and_in_which_keys(company: Company) -> None:
    company.row("crm", "Account", "A1", 1, **{**ACME, "Tax_Id__c": "DE811569869"})
    company.row("crm", "Account", "A2", 2, **{**ACME, "Tax_Id__c": "DE129273398"})
    company.heard(60)

    found = answer(company, CUSTOMERS, "A2", "crm:A2")

    assert found.outcome == "near_miss"
    for text in (
        "near miss with A1 of crm (crm:A1): not alike enough",
        "same name (+7), different tax id (-4); together +3, suspected from +9",
        "keys that agree: name; that do not: tax id",
        "billing/*, heard least of all, was heard up to 1970-01-01T00:01:00.000Z",
    ):
        assert text in found.because


APART: dict[str, tuple[dict[str, Any], str]] = {
    "another company": ({"Legal_Entity__c": "2000"}, "different companies or currencies"),
    "another currency": ({"CurrencyIsoCode": "USD"}, "different companies or currencies"),
}


@pytest.mark.parametrize("why", APART)
def test_two_that_are_kept_apart_say_so_however_alike_they_are(company: Company, why: str) -> None:
    fields, rule = APART[why]
    company.row("crm", "Account", "A1", 1, **ACME)
    company.row("crm", "Account", "A2", 2, **{**LOOKS_LIKE_ACME, **fields})
    company.heard(60)

    for one in ("A1", "A2"):
        found = answer(company, CUSTOMERS, one, f"crm:{one}")
        assert (found.outcome, rule in found.because, "together +17" in found.because) == ("near_miss", True, True)


def test_one_that_is_linked_with_another_of_the_seniors_system_says_so(company: Company) -> None:
    twins(company)
    company.row("erp", "customer", "E", 3, **{**LEDGER, "external_id": "A1"})
    company.heard(60)

    found = answer(company, CUSTOMERS, "E", "crm:A1")

    assert found.outcome == "near_miss"
    assert "near miss with A2 of crm (crm:A2): the junior is linked with another record" in found.because


def test_linked_records_are_one_customer(company: Company) -> None:
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("billing", "account", "B", 2, **{**BILLED, "crm_account_id": "A"})
    company.heard(60)

    found = answer(company, CUSTOMERS, "B", "crm:A")

    assert found.outcome == "agrees"
    assert "no other customer has its tax id or name" in found.because


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"Status__c": "Prospect"}, "not compared: the customer is prospect"),
        ({"Status__c": "Churned"}, "not compared: the customer is churned"),
        ({"Name": None, "Tax_Id__c": None}, "not compared: it has no tax id, register number"),
    ],
)
def test_one_out_of_use_or_without_a_key_is_not_compared(company: Company, fields: Any, because: str) -> None:
    company.row("crm", "Account", "A1", 1, **{**ACME, **fields})
    company.heard(60)

    found = answer(company, CUSTOMERS, "A1", "crm:A1")

    assert (found.outcome, found.because.startswith(because)) == ("not_triggered", True)


def test_one_of_a_crowd_is_told_apart_by_nothing(company: Company) -> None:
    for number in range(CROWD + 5):
        told = {**ACME, "Name": f"Firma {number * 7919}"}
        company.row("crm", "Account", f"A{number:03}", 1, **told, run=False)
    company.driver.run()
    company.row("crm", "Account", "Z", 5, **{**ACME, "Name": "Zimmer"})
    company.heard(60)

    found = answer(company, CUSTOMERS, "Z", "crm:Z")

    assert found.outcome == "near_miss"
    assert f"more than {CROWD} records share its tax" in found.because


def test_one_that_the_stage_was_never_told_of_says_how_to_have_it_told() -> None:
    company = Company(watchful(suspects=False))
    company.row("crm", "Account", "A1", 1, **ACME)
    company.heard(60)
    company.governance = watchful()
    shards = {partition: company.driver.state("judge", partition) for partition in range(company.governance.partitions)}
    stages = read_stages(DriverCluster(company.driver), company.governance, shards[place("crm:A1", company)], "crm:A1")

    (found,) = [e for e in explain_across(stages, company.governance, "crm:A1", micros(90)) if e.kind == CUSTOMERS]

    assert found.outcome == "unknown"
    assert "once crm is read anew" in found.because


def place(customer: str, company: Company) -> int:
    return topics.partition_for(customer, company.governance.partitions)


def test_what_a_person_reads_names_nobody(company: Company) -> None:
    twins(company)
    company.row("crm", "Account", "A3", 3, **{**STRANGER, "Name": ACME["Name"]})
    company.heard(60)

    said = "".join(
        e.because for a in ("A1", "A2", "A3") for e in answers(company.driver, company.governance, f"crm:{a}", 90)
    )
    assert "811569869" not in said
    assert "Acme" not in said


# -- documents


def test_one_number_with_two_customers_is_open(company: Company) -> None:
    invoices(company)
    company.heard(60)

    assert answer(company, DOCUMENTS, "I2", "billing:B2").outcome == "open"


@pytest.mark.parametrize(
    ("status", "number", "outcome", "because"),
    [
        ("Draft", "I-7", "not_triggered", "not compared: the invoice is draft"),
        ("Posted", "I-8", "agrees", "no other customer's invoice has its number"),
    ],
)
def test_a_draft_and_a_number_of_its_own_are_none(
    company: Company, status: str, number: str, outcome: str, because: str
) -> None:
    invoices(company)
    company.row("billing", "invoice", "I2", 6, "B2", number=number, status=status)
    company.heard(60)

    found = answer(company, DOCUMENTS, "I2", "billing:B2")

    assert (found.outcome, found.because.startswith(because)) == (outcome, True)


# -- who a customer is


@pytest.fixture
def claimed() -> Company:
    company = Company(linked())
    claimed_twice(company)
    return company


def test_a_conflict_is_told_of_the_record_that_is_one_too_many(claimed: Company) -> None:
    claimed.heard(60)

    found = answer(claimed, CONFLICT, "A2", "crm:A1")

    assert (found.outcome, found.drift_id) == ("open", claimed.open(CONFLICT)[0]["drift_id"])
    assert "A2 is linked with E of erp" in found.because


@pytest.mark.parametrize("silent", ["crm", "billing", "erp"])
def test_a_conflict_waits_for_every_system_that_links(claimed: Company, silent: str) -> None:
    heard_but(claimed, silent, 9)

    found = answer(claimed, CONFLICT, "A2", "crm:A1")

    assert found.outcome == "unknown"
    assert f"{silent}/" in found.because
    assert "1970-01-01T00:00:09.000Z" in found.because


def test_a_link_that_waits_for_a_system_says_so(claimed: Company) -> None:
    claimed.heard(60, "crm", "billing")

    found = answer(claimed, CONFLICT, "A1", "crm:A1")

    assert found.outcome == "unknown"
    assert "what crm told of A1 at 1970-01-01T00:00:01.000Z waits" in found.because
    assert "erp/* (its links) has never been heard" in found.because


def test_within_its_grace_a_conflict_is_not_due(claimed: Company) -> None:
    claimed.heard(14)

    assert answer(claimed, CONFLICT, "A2", "crm:A1", now=14.5).outcome == "pending"


def test_the_only_record_of_the_senior_system_agrees() -> None:
    company = Company(linked())
    company.row("crm", "Account", "A", 1, ERP_Customer_Id__c="E")
    company.row("erp", "customer", "E", 2, external_id="A")
    company.heard(60)

    found = answer(company, CONFLICT, "A", "crm:A")

    assert found.outcome == "agrees"
    assert "it is the only one in crm, the most senior of 2 records of the customer" in found.because


def test_two_records_of_a_junior_system_are_a_near_miss() -> None:
    company = Company(linked())
    company.row("crm", "Account", "A", 1)
    company.row("erp", "customer", "E1", 2, external_id="A", company_code="1000")
    company.row("erp", "customer", "E2", 2, external_id="A", company_code="2000")
    company.heard(60)

    found = answer(company, CONFLICT, "A", "crm:A")

    assert found.outcome == "near_miss"
    assert "near miss: erp has E1, E2, as a junior system may" in found.because


# -- circles of parents


def circles(story: Any, customer: str, until: float = 100) -> Explanation:
    play = prepared(story).heard(until).run()
    (found,) = answers(play.driver, play.governance, customer, until + 1)
    return found


def test_every_member_of_a_circle_says_of_whom_it_is_told() -> None:
    first, second = circles(TRIANGLE, "crm:C1"), circles(TRIANGLE, "crm:C2")

    assert (first.outcome, second.outcome) == ("open", "open")
    assert "a circle of 3 customers: C1 under C2 under C3 under C1" in first.because
    assert second.because.startswith("told of C1 (crm:C1): open since")
    assert first.drift_id == second.drift_id


def test_a_circle_is_not_due_within_its_grace_and_unknown_while_its_owner_lags() -> None:
    assert circles(TRIANGLE, "crm:C1", until=8).outcome == "pending"

    play = prepared(TRIANGLE).heard(8).run()
    (found,) = answers(play.driver, play.governance, "crm:C1", 60)
    assert found.outcome == "unknown"
    assert "crm/* (its links) has been heard only up to 1970-01-01T00:00:08.000Z" in found.because


def test_parents_that_wait_for_their_owner_say_so() -> None:
    play = prepared(TRIANGLE).heard(2.5).run()

    assert (
        "what crm told of C2 at 1970-01-01T00:00:03.000Z waits"
        in answers(play.driver, play.governance, "crm:C1", 9)[0].because
    )


@pytest.mark.parametrize("why", QUIET)
def test_what_is_no_circle_has_a_reason(why: str) -> None:
    found = circles(QUIET[why], "crm:C1")

    assert found.outcome in ("agrees", "near_miss")
    assert "C1" in found.because or "no parent" in found.because


def test_who_stands_below_a_circle_is_told_that_it_is_not_in_it() -> None:
    found = circles((*TRIANGLE, under(5, "C0", "C1")), "crm:C0")

    assert (found.outcome, "C0 under C1 under C2 under C3" in found.because) == ("near_miss", True)


# -- the demo's own


def test_the_near_misses_of_a_demo_run_are_quiet_and_its_conflicts_open() -> None:
    story = story_of(CONFLICT)
    slas = {kind: sla for kind, sla in SLA_SECONDS.items() if kind in story.kinds}
    planned = with_clean(plan(5, TODAY, slas, story=story), 3)
    companies = IdealCompanies(STARTED_AT)
    journal = companies.run(planned, slas)
    replay = Replay(planned, companies.performed)
    replay.run(journal)
    driver, governed = replay.driver, replay.governance

    found: list[Explanation] = []
    for partition in range(governed.partitions):
        judge = driver.state("judge", partition)
        stages = Stages(judge, driver.state("crosswalk", 0), {})
        for customer in {key.split("/")[1] for key, _ in judge.items() if key.startswith("p/")}:
            found += explain_across(stages, governed, customer, STARTED_AT + seconds(SECONDS))

    said = {e.native_id: e.outcome for e in found if e.kind == CONFLICT}
    still = {d["native_id"] for d in driver.latest(topics.DRIFTS) if (d["kind"], d["status"]) == (CONFLICT, "open")}
    assert {native for native, outcome in said.items() if outcome == "open"} == still
    assert set(said.values()) <= {"open", "agrees", "near_miss"}
    assert len(said) > len(planned.near_misses) > 0


# -- switched off


def test_what_is_off_says_how_to_switch_it_on() -> None:
    off = {e.kind: e.because for e in switched_off(governance().model_copy(update={"judged": (CUSTOMERS,)}))}

    assert "`suspects: true` in systems.yaml" in off[CUSTOMERS]
    assert off[CONFLICT] == off[CIRCLE] == "not judged here: `judged` in systems.yaml does not name it"
    assert [e for e in switched_off(watchful()) if e.kind in (CUSTOMERS, DOCUMENTS, CONFLICT)] == []
