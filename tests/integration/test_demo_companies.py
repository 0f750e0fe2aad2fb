"""The companies of the demo at work in real PostgreSQL and the CRM simulator, ten times as fast as in the demo."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest
from pydantic import SecretStr

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.simulator import demo_clients, running
from schemas.instants import from_datetime
from streams.demo.companies import Access, Companies, today
from streams.demo.databases import DatabaseDesk
from streams.demo.flaws import WON_WITHOUT_ERP_CUSTOMER
from streams.demo.journal import DRIFTWISE, History
from streams.demo.scenario import Plan, plan
from streams.demo.steps import Ref, Step, Write
from tests.integration.captured import SQL_FOLDER, database

SECRET = SecretStr("demo")


@pytest.fixture(scope="module")
def access(stack):
    """New databases and an empty org."""
    with ExitStack() as opened:
        crm = opened.enter_context(running(demo_clients(SECRET.get_secret_value())))
        names = {system: opened.enter_context(database(stack, f"demo_{system}")) for system in ("billing", "erp")}
        for system, conninfo in names.items():
            with psycopg.connect(conninfo) as connection:
                connection.execute((SQL_FOLDER / f"{system}.sql").read_bytes())
        clients = {user: (user, SECRET) for user in ("sales", "integration")}
        yield Access(names, crm.base_url, clients)


def fast_plan(customers: int = 60) -> Plan:
    """The faulty customers and some more, at ten times the pace."""
    whole = plan(1, today())
    kept = {*whole.faults, *sorted(whole.clean)[: customers - len(whole.faults)]}
    journeys = tuple(
        replace(
            journey,
            starts_at_seconds=journey.starts_at_seconds / 10,
            steps=tuple(replace(step, at_seconds=step.at_seconds / 10) for step in journey.steps),
        )
        for journey in whole.journeys
        if journey.customer in kept
    )
    return replace(whole, journeys=journeys)


def rows(conninfo: str, query: str) -> list[tuple]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def worked(access):
    """A plan carried out: the plan, its journal, the numbers given to on_step, and the companies."""
    planned, numbers, companies = fast_plan(), [], Companies(access)
    journal = companies.run(planned, numbers.append)
    return planned, journal, numbers, companies


def test_every_planned_row_is_committed_once_and_counted_by_step(worked):
    planned, journal, numbers, _ = worked

    assert len(journal) == planned.events
    assert sorted(numbers) == list(range(1, len(planned.steps()) + 1))


def test_the_journal_has_the_versions_and_commit_times_of_the_sources(worked, access):
    _, journal, _, _ = worked
    latest = {(e.system, e.entity, e.native_id): e for e in sorted(journal, key=lambda e: e.committed_at)}
    query = "SELECT id, xmin::text, pg_xact_commit_timestamp(xmin) FROM {}"

    for system, conninfo, table in (
        ("billing", access.databases["billing"], "subscription"),
        ("erp", access.databases["erp"], "ledger_posting"),
    ):
        found = rows(conninfo, query.format(table))
        assert found
        for native_id, transaction, committed_at in found:
            entry = latest[system, table, native_id]
            assert (entry.native_version, entry.committed_at) == (transaction, from_datetime(committed_at))


def test_crm_records_carry_the_user_who_wrote_them_and_whole_second_times(worked, access):
    _, journal, _, _ = worked
    with access.crm_client("sales") as client:
        pages = client.query_all("SELECT Id, SystemModstamp FROM Opportunity")
        stamps = {row["Id"]: row["SystemModstamp"] for page in pages for row in page.records}
    deals = {e.native_id: e for e in journal if (e.system, e.entity) == ("crm", "opportunity")}

    assert deals
    assert {native_id: entry.native_version for native_id, entry in deals.items()}.items() <= stamps.items()
    assert all(entry.committed_at % 1_000_000 == 0 for entry in deals.values())


def test_what_driftwise_wrote_is_found_afterwards_for_the_right_customer(worked, access):
    planned, journal, _, companies = worked
    customer = next(c for c, flaw in planned.faults.items() if flaw.kind == WON_WITHOUT_ERP_CUSTOMER)
    account = next(e.native_id for e in journal if (e.customer, e.system, e.entity) == (customer, "crm", "customer"))
    assert companies.foreign_entries(journal) == []

    with psycopg.connect(access.databases["erp"]) as connection:
        connection.execute(
            "INSERT INTO customer (id, external_id, legal_name, status, currency, company_code, last_modified_by)"
            " VALUES ('C-driftwise', %s, 'Acme', 'Active', 'EUR', 'DE01', %s)",
            [account, DRIFTWISE],
        )
    with SalesforceClient(access.crm_url, DRIFTWISE, SECRET) as client:
        client.update("Account", account, {"ERP_Customer_Id__c": "C-driftwise"})

    foreign = companies.foreign_entries(journal)
    assert Counter((e.customer, e.system, e.by) for e in foreign) == {
        (customer, "erp", DRIFTWISE): 1,
        (customer, "crm", DRIFTWISE): 1,
    }
    history = History(customer, [*(e for e in journal if e.customer == customer), *foreign])
    assert history.only("crm", "customer").versions[-1].values["ERP_Customer_Id__c"] == "C-driftwise"


def test_a_seed_that_has_run_in_this_database_is_refused_with_the_remedy(worked, access):
    planned = worked[0]

    with pytest.raises(RuntimeError, match="take another seed"):
        Companies(access).run(planned)


def test_an_integration_that_comes_after_the_correction_uses_the_customer_that_is_there(access):
    """The one conflict that a late company and driftwise can have."""
    with psycopg.connect(access.databases["erp"]) as connection:
        connection.execute(
            "INSERT INTO customer (id, external_id, legal_name, status, currency, company_code, last_modified_by)"
            " VALUES ('C-first', '001A', 'Acme', 'Active', 'EUR', 'DE01', %s)",
            [DRIFTWISE],
        )
    values = {
        "id": "C-late",
        "external_id": Ref("1/crm.account"),
        "legal_name": "Acme",
        "status": "Active",
        "currency": "EUR",
        "company_code": "DE01",
    }
    names = {"1/crm.account": "001A"}
    desk = DatabaseDesk("erp", access.databases["erp"])
    step = Step(0.0, 1, "erp", "integration", (Write("customer", "1/erp.customer", values, creates=True),))

    assert desk.carry_out(step, names) == []
    assert names["1/erp.customer"] == "C-first"
    desk.close()


def test_companies_on_hold_stop_when_told(access):
    stop, numbers = threading.Event(), []

    def after_twenty(number: int) -> None:
        numbers.append(number)
        if number >= 20:
            stop.set()

    Companies(access).hold(1, stop, per_second=20.0, on_step=after_twenty)

    assert 20 <= len(numbers) < 40
