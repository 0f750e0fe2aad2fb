"""Suspects: records of different customers that might be one, and documents whose number another customer has."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas import topics
from streams.governance import Governance
from streams.governance.model import System
from streams.likeness.keys import CROWD
from streams.suspects.table import CONFLICT, CUSTOMERS, DOCUMENTS
from tests.topology import FIELDS, SLA_SECONDS, Company, governance, seconds_of

ACME: dict[str, Any] = {"Name": "Acme Tools GmbH", "Tax_Id__c": "DE811569869", "Email__c": None, "Status__c": "Active"}
LOOKS_LIKE_ACME: dict[str, Any] = {**ACME, "Name": "ACME Tools"}
BILLED: dict[str, Any] = {"name": "Acme Tools", "tax_id": "DE811569869", "crm_account_id": None}
LEDGER: dict[str, Any] = {"legal_name": "Acme Tools", "tax_registration": "DE811569869", "external_id": None}
KINDS = (CUSTOMERS, DOCUMENTS, CONFLICT)


def watchful(**updates: Any) -> Governance:
    return governance().model_copy(update={"judged": KINDS, "suspects": True, **updates})


@pytest.fixture
def company() -> Company:
    return Company(watchful())


def twins(company: Company) -> None:
    """Two accounts of one customer, the second from 2 s on."""
    company.row("crm", "Account", "A1", 1, **ACME)
    company.row("crm", "Account", "A2", 2, **LOOKS_LIKE_ACME)


def told(company: Company) -> list[Any]:
    return [w.value for w in company.driver.written[topics.BUSINESS_KEYS] if w.record == "BusinessKeyAsserted"]


def lives(company: Company, kind: str = CUSTOMERS) -> list[tuple[str, str, float | None, float | None]]:
    found = company.drifts(kind)
    return sorted((d["native_id"], d["status"], seconds_of(d["opened_at"]), seconds_of(d["closed_at"])) for d in found)


# -- customers


def test_a_second_record_of_a_customer_is_a_suspect_once_the_grace_is_over(company: Company) -> None:
    twins(company)
    company.heard(2 + SLA_SECONDS - 1)
    assert company.drifts() == []

    company.heard(2 + SLA_SECONDS)

    (drift,) = company.open(CUSTOMERS)
    assert (drift["native_id"], drift["canonical_id"], drift["kind_number"]) == ("A2", "crm:A2", "44")
    assert "same tax id" in drift["observed"]
    assert "A1 of crm" in drift["observed"]
    assert [(e["native_id"], e["value"]) for e in drift["evidence"]] == [("A2", None), ("A1", None)]


def test_the_merge_is_proposed_and_never_performed(company: Company) -> None:
    twins(company)
    company.heard(60)

    (command,) = company.commands()
    assert (command["type"], command["mode"], command["target_id"]) == ("master.merge.propose", "propose", "A2")
    assert command["desired"] == {"duplicate_of": "A1"}
    assert command["command_id"] == company.open()[0]["command_id"]


def test_nothing_is_told_of_tax_ids_and_names(company: Company) -> None:
    twins(company)
    company.heard(60)

    said = str(company.drifts()) + str(company.commands())
    assert "811569869" not in said
    assert "Acme" not in said
    assert not any("811569869" in value["key"] for value in told(company))


def test_strangers_are_no_suspects(company: Company) -> None:
    company.row("crm", "Account", "A1", 1, **ACME)
    company.row("crm", "Account", "A2", 2, **{**ACME, "Name": "Bäckerei Schmitz", "Tax_Id__c": "DE129273398"})
    company.heard(60)

    assert company.drifts() == []


@pytest.mark.parametrize(
    "apart",
    [{"Status__c": "Prospect"}, {"Status__c": "Churned"}, {"Legal_Entity__c": "2000"}, {"CurrencyIsoCode": "USD"}],
)
def test_a_record_out_of_use_or_kept_for_another_company_or_currency_is_none(
    company: Company, apart: dict[str, str]
) -> None:
    company.row("crm", "Account", "A1", 1, **ACME)
    company.row("crm", "Account", "A2", 2, **{**LOOKS_LIKE_ACME, **apart})
    company.heard(60)

    assert company.drifts() == []


def test_the_suspicion_ends_when_one_of_the_two_changes(company: Company) -> None:
    twins(company)
    company.heard(30)
    company.row("crm", "Account", "A1", 40, **{**ACME, "Name": "Bäckerei Schmitz", "Tax_Id__c": "DE129273398"})
    company.heard(60)

    assert lives(company) == [("A2", "closed", 12, 40)]


def test_the_suspicion_ends_when_one_of_the_two_goes(company: Company) -> None:
    twins(company)
    company.heard(30)
    company.row("crm", "Account", "A1", 40, operation="delete")
    company.heard(60)

    assert lives(company) == [("A2", "closed", 12, 40)]


def test_a_record_that_changes_within_the_grace_was_never_suspected(company: Company) -> None:
    twins(company)
    company.row("crm", "Account", "A2", 8, operation="delete")
    company.heard(60)

    assert company.drifts() == []


def test_one_that_stood_longer_than_the_grace_is_told_of_however_late_it_is_known(company: Company) -> None:
    twins(company)
    company.row("crm", "Account", "A2", 40, operation="delete")
    company.heard(60)

    assert lives(company) == [("A2", "closed", 12, 40)]


def test_a_pair_that_shares_many_keys_is_one_suspicion_and_many_records_are_suspects_of_one(company: Company) -> None:
    for number in range(1, 5):
        company.row("crm", "Account", f"A{number}", number, **{**ACME, "Email__c": "pay@acme-tools.example"})
    company.heard(60)

    assert [d["native_id"] for d in company.open(CUSTOMERS)] == ["A2", "A3", "A4"]
    assert len({value["key"] for value in told(company)}) > 1


def test_when_the_senior_goes_the_others_are_suspects_of_the_next(company: Company) -> None:
    for number in range(1, 4):
        company.row("crm", "Account", f"A{number}", number, **ACME)
    company.heard(30)
    company.row("crm", "Account", "A1", 40, operation="delete")
    company.heard(60)

    assert lives(company) == [("A2", "closed", 12, 40), ("A3", "closed", 13, 40), ("A3", "open", 50, None)]


def test_an_ordinary_update_costs_no_message(company: Company) -> None:
    company.row("crm", "Account", "A1", 1, **ACME)
    before = len(told(company))
    company.row("crm", "Account", "A1", 2, **{**ACME, "Name": "ACME TOOLS GmbH", "ERP_Customer_Id__c": "E"})
    company.row("crm", "Account", "A1", 3, **{**ACME, "Status__c": "Active"})

    assert before > 0
    assert len(told(company)) == before


def test_a_key_that_a_crowd_shares_tells_nobody_apart(company: Company) -> None:
    for number in range(CROWD + 20):
        company.row("crm", "Account", f"A{number}", 1, **{**ACME, "Name": f"Firma {number * 7919}"}, run=False)
    company.driver.run()
    company.row("crm", "Account", "Z", 5, **{**ACME, "Name": "Firma 0"})
    company.heard(60)

    assert "Z" not in {d["native_id"] for d in company.drifts()}


# -- records of different systems


def test_records_of_two_systems_that_nobody_linked_lack_a_link(company: Company) -> None:
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("erp", "customer", "E", 2, **LEDGER)
    company.heard(60)

    (drift,) = company.open(CUSTOMERS)
    assert (drift["system"], drift["native_id"]) == ("erp", "E")
    assert "a link to customer A of crm" in drift["expected"]
    assert [c["desired"] for c in company.commands()] == [{"link_to": "crm/A"}]


def test_linked_records_are_one_customer_and_no_suspects(company: Company) -> None:
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("erp", "customer", "E", 2, **{**LEDGER, "external_id": "A"})
    company.heard(60)

    assert company.drifts() == []


def test_the_link_ends_the_suspicion_and_its_end_begins_another(company: Company) -> None:
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("erp", "customer", "E", 2, **LEDGER)
    company.heard(20)
    company.row("erp", "customer", "E", 30, **{**LEDGER, "external_id": "A"})
    company.heard(40)
    company.row("erp", "customer", "E", 50, **LEDGER)
    company.heard(90)

    assert lives(company) == [("E", "closed", 12, 30), ("E", "open", 60, None)]


def test_a_link_that_is_heard_of_behind_later_versions_was_there_before_them(company: Company) -> None:
    """As after an outage: all rows of hours come before the first link is resolved."""
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("billing", "account", "B", 1, run=False, **BILLED | {"crm_account_id": "A"})
    company.row("billing", "account", "B", 50, run=False, **BILLED | {"crm_account_id": "A", "name": "Acme Tools AG"})
    rows = [place for place in company.driver.queues if place[0] == topics.source_topic("billing")]
    for place in rows:
        while company.driver.queues[place]:
            company.driver.run_one(place)
    company.heard(60)

    assert {value["native_id"] for value in told(company)} == {"A", "B"}
    assert company.drifts() == []


def test_a_record_that_is_linked_with_another_lacks_no_link(company: Company) -> None:
    """Of the account that is there twice it is said once."""
    twins(company)
    company.row("billing", "account", "B", 3, **{**BILLED, "crm_account_id": "A1"})
    company.row("erp", "customer", "E", 3, **{**LEDGER, "external_id": "A1"})
    company.heard(60)

    assert [d["native_id"] for d in company.drifts(CUSTOMERS)] == ["A2"]


def test_a_suspect_that_moves_to_another_customer_takes_its_drift_along(company: Company) -> None:
    company.row("crm", "Account", "X", 1, **{**ACME, "Name": "Bäckerei Schmitz", "Tax_Id__c": "DE129273398"})
    company.row("billing", "account", "B1", 1, **BILLED)
    company.row("billing", "account", "B2", 2, **BILLED)
    company.heard(20)
    company.row("billing", "account", "B2", 30, **{**BILLED, "crm_account_id": "X"})
    company.heard(60)

    found = {d["canonical_id"]: (d["status"], d["how"], d["drift_id"]) for d in company.drifts(CUSTOMERS)}
    (old, new) = found["billing:B2"], found["crm:X"]
    assert (old[:2], new[:2]) == (("closed", "moved"), ("open", ""))
    assert old[2] == new[2]


def _replaced(**serves: dict[str, str]) -> Governance:
    """The ERP is being replaced by another instance."""
    base = watchful()
    old, erp = base.systems["erp"], base.mappings["erp"]
    systems: dict[str, System] = {name: s for name, s in base.systems.items() if name != "erp"}
    systems |= {name: old.model_copy(update={"serves": days}) for name, days in serves.items()}
    mappings = {**base.mappings, **dict.fromkeys(serves, erp)}
    return base.model_copy(update={"systems": systems, "mappings": mappings})


@pytest.mark.parametrize(
    ("serves", "suspects"),
    [
        ({"erp_old": {"1000": "2020-01-01"}, "erp_new": {"1000": "2026-07-01"}}, []),
        ({"erp_old": {}, "erp_new": {"1000": "2026-07-01"}}, []),
        ({"erp_old": {"1000": "2020-01-01"}, "erp_new": {"2000": "2026-07-01"}}, ["N"]),
    ],
)
def test_a_customer_kept_by_two_instances_that_run_in_parallel_is_no_duplicate(
    serves: dict[str, Any], suspects: list[str]
) -> None:
    company = Company(_replaced(**serves))
    fields: dict[str, Any] = {**FIELDS["erp", "customer"], **LEDGER}
    for system, id_ in (("erp_old", "O"), ("erp_new", "N")):
        company.row(system, "customer", id_, 1, **fields)
    company.heard(60)

    assert [d["native_id"] for d in company.drifts(CUSTOMERS)] == suspects


def test_what_stood_before_go_live_is_listed_without_a_command() -> None:
    company = Company(watchful(go_live_at=datetime(2030, 1, 1, tzinfo=UTC)))
    twins(company)
    company.heard(60)

    assert [d["status"] for d in company.drifts(CUSTOMERS)] == ["baseline"]
    assert company.commands() == []


# -- documents


def invoices(company: Company) -> None:
    for account, id_, at in (("B1", "I1", 3), ("B2", "I2", 5)):
        company.row("billing", "account", account, 1, crm_account_id=None, name=account, tax_id=account)
        company.row("billing", "invoice", id_, at, account, number="I-7", status="Posted")


def test_one_number_on_live_documents_of_two_customers_is_a_duplicate(company: Company) -> None:
    invoices(company)
    company.heard(60)

    (drift,) = company.open(DOCUMENTS)
    assert (drift["native_id"], drift["canonical_id"], drift["kind_number"]) == ("I2", "billing:B2", "45")
    assert drift["amount_at_stake"]["currency"] == "EUR"


def test_a_draft_has_no_number_yet(company: Company) -> None:
    invoices(company)
    company.row("billing", "invoice", "I2", 6, "B2", number="I-7", status="Draft")
    company.heard(60)

    assert company.drifts(DOCUMENTS) == []


def test_within_one_customer_it_is_not_for_this_stage_to_say(company: Company) -> None:
    company.row("billing", "account", "B", 1, crm_account_id=None)
    for id_, at in (("I1", 3), ("I2", 5)):
        company.row("billing", "invoice", id_, at, "B", number="I-7", status="Posted")
    company.heard(60)

    assert company.drifts() == []


def test_a_document_that_moves_to_another_customer_is_still_one(company: Company) -> None:
    company.row("billing", "account", "B1", 1, crm_account_id=None, name="One")
    company.row("billing", "account", "B2", 1, crm_account_id=None, name="Two")
    company.row("billing", "invoice", "I", 3, "B1", status="Posted")
    out = company.row("billing", "invoice", "I", 9, "B1", operation="moved_out", run=False)
    company.row("billing", "invoice", "I", 9, "B2", operation="moved_in", status="Posted", poll=out, run=False)
    company.driver.run()
    company.heard(60)

    assert company.drifts(DOCUMENTS) == []


# -- however it comes


def _inputs(company: Company, rng: random.Random) -> None:
    """The same rows, those of each system in their order, the systems in any."""
    rows: dict[str, list[Any]] = {
        "crm": [("Account", "A1", 1, ACME), ("Account", "A2", 2, LOOKS_LIKE_ACME)],
        "billing": [("account", "B", 3, BILLED), ("account", "B", 20, {**BILLED, "crm_account_id": "A1"})],
        "erp": [("customer", "E", 4, LEDGER)],
    }
    while waiting := [system for system, left in rows.items() if left]:
        system = rng.choice(waiting)
        object_, id_, at, fields = rows[system].pop(0)
        company.row(system, object_, id_, at, run=False, **fields)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_order_of_systems_and_crashes_the_same_are_suspects(seed: int) -> None:
    rng = random.Random(seed)
    company = Company(watchful())
    _inputs(company, rng)
    company.heard(60, run=False)
    driver = company.driver
    while waiting := [place for place, queue in driver.queues.items() if queue]:
        place = rng.choice(waiting)
        driver.fold(place)
        if rng.random() < 0.3:
            driver.crash()
            continue
        while driver.commit(driver.stage_of(place[0]), place[1]):
            pass

    still = [life for life in lives(company) if life[1] == "open"]
    assert still == [("A2", "open", 12, None), ("E", "open", 14, None)]


def test_without_the_switch_nothing_is_told_and_no_stage_is_there() -> None:
    company = Company(watchful(suspects=False))
    twins(company)
    company.heard(60)

    assert topics.BUSINESS_KEYS not in company.driver.written
    assert company.drifts() == []
