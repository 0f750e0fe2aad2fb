"""simple-salesforce, a client that we did not write, finds in the simulator what it expects of Salesforce."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from connectors.salesforce.simulator import SALES_USER_ID, Simulator, demo_clients, running
from tests.certificates import make

SECRET = "not-a-secret"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A throw-away certificate, and a server context that shows it."""
    made = make(tmp_path_factory.mktemp("tls"))
    return made.certificate, made.server()


@pytest.fixture
def simulator(certificate: tuple[Path, ssl.SSLContext]) -> Iterator[Simulator]:
    with running(demo_clients(SECRET), tls=certificate[1], api_limit=100) as server:
        yield server


@pytest.fixture
def org(simulator: Simulator, certificate: tuple[Path, ssl.SSLContext]) -> Iterator[Salesforce]:
    with requests.Session() as http:
        http.trust_env = False  # a CA bundle named in the environment would win over ours
        http.verify = str(certificate[0])
        form = {"grant_type": "client_credentials"}
        login = http.post(f"{simulator.base_url}/services/oauth2/token", data=form, auth=("sales", SECRET)).json()
        host = login["instance_url"].removeprefix("https://")
        yield Salesforce(instance=host, session_id=login["access_token"], session=http, version="62.0")


def test_a_record_is_created_read_updated_and_deleted(org: Salesforce) -> None:
    created = org.Account.create({"Name": "Acme", "BillingCountry": "NL"})
    assert created["success"] is True
    assert org.Account.update(created["id"], {"Name": "Acme BV"}) == 204
    assert org.Account.get(created["id"])["Name"] == "Acme BV"
    assert org.Account.get(created["id"])["LastModifiedById"] == SALES_USER_ID
    assert org.Account.delete(created["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        org.Account.get(created["id"])


def test_query_follows_pages_and_include_deleted_reaches_the_recycle_bin(org: Salesforce, simulator: Simulator) -> None:
    ids = simulator.store.create_many("Account", [{"Name": str(n)} for n in range(2100)], SALES_USER_ID)
    org.Account.delete(ids[0])
    soql = "SELECT Id, Name FROM Account"

    assert org.query(soql)["done"] is False
    assert [row["Id"] for row in org.query_all(soql)["records"]] == ids[1:]
    assert {row["Id"] for row in org.query_all(soql, include_deleted=True)["records"]} == set(ids)


def test_upsert_answers_201_then_200_and_300_for_several(org: Salesforce, simulator: Simulator) -> None:
    fields = {"Name": "Acme"}
    assert org.Account.upsert("ERP_Customer_Id__c/C-1", fields) == 201
    assert org.Account.upsert("ERP_Customer_Id__c/C-1", fields) == 200
    assert org.Account.get_by_custom_id("ERP_Customer_Id__c", "C-1")["Name"] == "Acme"
    simulator.store.create("Account", {"Name": "twin", "ERP_Customer_Id__c": "C-1"}, SALES_USER_ID)
    with pytest.raises(SalesforceMoreThanOneRecord):
        org.Account.upsert("ERP_Customer_Id__c/C-1", fields)


def test_deleted_lists_what_was_hard_deleted(org: Salesforce, simulator: Simulator) -> None:
    row_id = org.Account.create({"Name": "Acme"})["id"]
    simulator.store.hard_delete("Account", row_id)
    now = datetime.now(UTC)

    answer = org.Account.deleted(now - timedelta(minutes=5), now + timedelta(minutes=1))

    assert [row["id"] for row in answer["deletedRecords"]] == [row_id]


def test_describe_tells_fields_and_external_ids(org: Salesforce) -> None:
    fields = {field["name"]: field for field in org.Credit_Memo__c.describe()["fields"]}

    assert fields["Number__c"]["externalId"] is True
    assert fields["Account__c"]["referenceTo"] == ["Account"]
    assert {"Account", "Opportunity", "Credit_Memo__c"} <= {item["name"] for item in org.describe()["sobjects"]}


def test_usage_is_reported_as_the_client_parses_it(org: Salesforce) -> None:
    assert org.limits()["DailyApiRequests"]["Max"] == 100
    assert org.api_usage["api-usage"].total == 100


def test_errors_raise_the_clients_own_exceptions(org: Salesforce, simulator: Simulator) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        org.query("SELECT Nonsense FROM Account")
    simulator.org.allowance.limit = 1
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        org.query("SELECT Id FROM Account")
    simulator.org.sessions.expire_all()
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        org.query("SELECT Id FROM Account")
