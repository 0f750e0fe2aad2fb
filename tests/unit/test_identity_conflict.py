"""Kind 48: the most senior system of a cluster knows one customer twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas import topics
from streams.governance import Governance
from streams.shard import SLICE
from streams.suspects.table import CONFLICT
from tables.view import Emit
from tests.topology import Company, governance, seconds_of

GRACE_SECONDS = 10
ALL_NAME_EACH_OTHER = {
    "crm": {"erp_ref": "erp", "billing_ref": "billing"},
    "billing": {"crm_ref": "crm"},
    "erp": {"crm_ref": "crm"},
}


def linked(**updates: Any) -> Governance:
    base = governance().model_copy(update={"judged": (CONFLICT,), **updates})
    systems = {name: s.model_copy(update={"links": ALL_NAME_EACH_OTHER[name]}) for name, s in base.systems.items()}
    return base.model_copy(update={"systems": systems})


@pytest.fixture
def company() -> Company:
    return Company(linked())


def claimed_twice(company: Company) -> None:
    """Two accounts name one customer of the ERP, the second from 5 s on."""
    company.row("crm", "Account", "A1", 1, ERP_Customer_Id__c="E")
    company.row("erp", "customer", "E", 2, external_id=None)
    company.row("crm", "Account", "A2", 5, ERP_Customer_Id__c="E")


def lives(company: Company) -> list[tuple[str, str, float | None, float | None]]:
    found = company.drifts(CONFLICT)
    return sorted((d["native_id"], d["status"], seconds_of(d["opened_at"]), seconds_of(d["closed_at"])) for d in found)


def test_two_accounts_that_claim_one_customer_are_in_conflict(company: Company) -> None:
    claimed_twice(company)
    company.heard(14)
    assert company.drifts() == []

    company.heard(15)

    (drift,) = company.open(CONFLICT)
    assert (drift["native_id"], drift["canonical_id"], drift["kind_number"]) == ("A2", "crm:A1", "48")
    assert "A2 is linked with E of erp" in drift["observed"]
    (command,) = company.commands()
    assert (command["type"], command["mode"]) == ("crosswalk.resolve", "propose")
    assert command["desired"] == {"apart_from": "A1"}


def test_nothing_opens_while_a_system_that_links_has_not_been_heard(company: Company) -> None:
    claimed_twice(company)
    company.heard(60, "crm", "billing")

    assert company.drifts() == []


def test_systems_that_map_one_pair_differently_are_in_conflict(company: Company) -> None:
    company.row("crm", "Account", "A1", 1, ERP_Customer_Id__c="E")
    company.row("crm", "Account", "A2", 1)
    company.row("erp", "customer", "E", 2, external_id="A2")
    company.heard(60)

    assert lives(company) == [("A2", "open", 12, None)]


def test_accounts_that_only_others_join_are_in_conflict(company: Company) -> None:
    """Billing says that its account is A1's, the ERP that the same billing account's customer is A2."""
    company.row("crm", "Account", "A1", 1, Billing_Account_Id__c="B")
    company.row("crm", "Account", "A2", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 2, crm_account_id="A1")
    company.row("erp", "customer", "E", 3, external_id="A2")
    company.heard(60)

    assert [life[0] for life in lives(company)] == ["A2"]


def test_records_that_a_junior_system_keeps_for_each_company_are_none(company: Company) -> None:
    company.row("crm", "Account", "A", 1)
    company.row("erp", "customer", "E1", 2, external_id="A", company_code="1000")
    company.row("erp", "customer", "E2", 2, external_id="A", company_code="2000")
    company.heard(60)

    assert company.drifts() == []


def test_an_erp_and_the_one_that_replaces_it_name_one_account_without_conflict() -> None:
    base = linked()
    old = base.systems["erp"]
    systems = {**{n: s for n, s in base.systems.items() if n != "erp"}, "erp_old": old, "erp_new": old}
    systems["crm"] = old.model_copy(update={"role": "crm", "links": {}})
    mappings = {**base.mappings, "erp_old": base.mappings["erp"], "erp_new": base.mappings["erp"]}
    company = Company(base.model_copy(update={"systems": systems, "mappings": mappings}))
    company.row("crm", "Account", "A", 1)
    for system, id_ in (("erp_old", "O"), ("erp_new", "N")):
        company.row(system, "customer", id_, 2, external_id="A", legal_name="Acme", status="Active", country="DE",
                    currency="EUR", company_code="1000", tax_registration="T1")  # fmt: skip
    company.heard(60)

    assert company.drifts() == []


def test_the_conflict_ends_with_the_link_that_made_it(company: Company) -> None:
    claimed_twice(company)
    company.heard(30)
    company.row("crm", "Account", "A2", 40, ERP_Customer_Id__c=None)
    company.heard(50)

    assert lives(company) == [("A2", "closed", 15, 40)]


def test_the_conflict_ends_with_the_account(company: Company) -> None:
    claimed_twice(company)
    company.heard(30)
    company.row("crm", "Account", "A2", 40, operation="delete")
    company.heard(50)

    assert lives(company) == [("A2", "closed", 15, 40)]


def test_accounts_that_take_a_customer_over_within_the_grace_are_in_none(company: Company) -> None:
    claimed_twice(company)
    company.row("crm", "Account", "A1", 9, ERP_Customer_Id__c=None)
    company.heard(60)

    assert company.drifts() == []


def test_a_conflict_that_comes_again_is_another_drift(company: Company) -> None:
    claimed_twice(company)
    company.heard(30)
    company.row("crm", "Account", "A2", 40, ERP_Customer_Id__c=None)
    company.row("crm", "Account", "A2", 50, ERP_Customer_Id__c="E")
    company.heard(90)

    assert lives(company) == [("A2", "closed", 15, 40), ("A2", "open", 60, None)]


def test_of_three_accounts_two_are_too_many_and_a_new_senior_is_another_conflict(company: Company) -> None:
    claimed_twice(company)
    company.row("crm", "Account", "A3", 6, ERP_Customer_Id__c="E")
    company.heard(30)
    assert lives(company) == [("A2", "open", 15, None), ("A3", "open", 16, None)]

    company.row("crm", "Account", "A1", 40, ERP_Customer_Id__c=None)
    company.heard(60)

    assert lives(company) == [("A2", "closed", 15, 40), ("A3", "closed", 16, 40), ("A3", "open", 50, None)]


def test_one_that_is_known_after_a_crash_only_is_told_once(company: Company) -> None:
    claimed_twice(company)
    company.heard(60, run=False)
    driver = company.driver
    while waiting := [place for place, queue in driver.queues.items() if queue]:
        for place in waiting:
            driver.fold(place)
            driver.crash()
            driver.run_one(place)

    assert lives(company) == [("A2", "open", 15, None)]
    assert len(company.commands()) == 1


def test_whichever_account_comes_first_the_conflict_is_the_same() -> None:
    found = []
    for order in (("A1", "A2"), ("A2", "A1")):
        company = Company(linked())
        for account in order:
            company.row("crm", "Account", account, {"A1": 1, "A2": 5}[account], ERP_Customer_Id__c="E")
        company.heard(60)
        found.append(company.drifts(CONFLICT))

    assert found[0] == found[1]


def test_what_stood_before_go_live_is_listed_without_a_command() -> None:
    company = Company(linked(go_live_at=datetime(2030, 1, 1, tzinfo=UTC)))
    claimed_twice(company)
    company.heard(60)

    assert [d["status"] for d in company.drifts(CONFLICT)] == ["baseline"]
    assert company.commands() == []


def test_a_deployment_that_does_not_want_the_kind_hears_of_none() -> None:
    company = Company(linked(judged=()))
    claimed_twice(company)
    company.heard(60)

    assert company.drifts() == []


@pytest.mark.parametrize("heard_last", ["billing", "erp"])
def test_two_accounts_that_a_third_system_makes_one_are_judged_as_one_though_it_is_heard_last(heard_last: str) -> None:
    base = governance()
    naming_two = base.systems["billing"].model_copy(update={"links": {"crm_ref": "crm", "email": "crm"}})
    company = Company(base.model_copy(update={"systems": {**base.systems, "billing": naming_two}}))
    company.row("crm", "Account", "A1", 1, run=False)
    company.row("crm", "Account", "A2", 1, run=False)
    company.row("crm", "Opportunity", "O", 2, "A2", StageName="Closed Won", run=False)
    company.row("billing", "account", "B", 5, crm_account_id="A1", bill_to_email="A2", run=False)
    company.heard(30, run=False)
    waiting = {place: list(queue) for place, queue in company.driver.queues.items() if queue}
    company.driver.queues.clear()
    for place in sorted(waiting, key=lambda place: heard_last in place[0]):
        for raw in waiting[place]:
            company.driver.feed(raw)
        company.driver.run()

    said = [w.value for w in company.driver.written[topics.DRIFTS] if w.value]
    told = [d for d in said if d["kind"] == "won_without_erp_customer"]
    assert [(d["canonical_id"], d["how"], seconds_of(d["opened_at"])) for d in told] == [("crm:A1", "", 12)]


def test_more_conflicts_than_a_slice_open_with_one_marker_in_several_commits(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    deliver = company.driver._deliver

    def counted(effects: list[Emit]) -> None:
        opened.append(sum(effect.topic == topics.DRIFTS for effect in effects))
        deliver(effects)

    for number in range(SLICE + 1):
        erp = f"E{number}"
        company.row("crm", "Account", f"A{number}", 1, ERP_Customer_Id__c=erp, run=False)
        company.row("crm", "Account", f"B{number}", 5, ERP_Customer_Id__c=erp, run=False)
    company.heard(14)
    monkeypatch.setattr(company.driver, "_deliver", counted)
    company.heard(15)

    assert len(company.open(CONFLICT)) == SLICE + 1
    assert [number for number in opened if number] == [SLICE, 1]
