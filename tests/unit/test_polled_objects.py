"""Which objects of a CRM are polled, and what of them: what governance maps. What is said where the org lacks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Retry, Stop
from connectors.salesforce import metadata
from connectors.salesforce.objects import SYSTEM_FIELDS, PolledObject
from streams.governance import load
from streams.worker.wiring import polled
from tests.unit.salesforce_org import OBJECTS, Org, simulated_org


@pytest.fixture(scope="module")
def org() -> Iterator[Org]:
    with simulated_org() as it:
        yield it


def mapped(folder: Path, mapping: str) -> dict[str, PolledObject]:
    (folder / "mappings").mkdir()
    (folder / "mappings" / "crm.yaml").write_text(mapping)
    return {each.name: each for each in polled(load(folder), "crm")}


def lacks(org: Org, found: PolledObject) -> list[str]:
    """A line for each thing that the org lacks."""
    with pytest.raises(Stop) as stopped:
        metadata.check(org.client, "crm", [found])
    title, *lines = str(stopped.value).split("\n")
    assert title == "crm: the org lacks what is to be polled"
    return lines


def test_a_query_names_what_the_poller_needs_and_what_governance_maps() -> None:
    [deal] = [each for each in OBJECTS if each.name == "Opportunity"]

    assert set(deal.selected) == {
        *SYSTEM_FIELDS, "AccountId", "Name", "StageName", "Amount", "CurrencyIsoCode", "CloseDate",
    }  # fmt: skip


def test_an_object_that_a_deployment_maps_is_polled_with_the_fields_that_it_names(tmp_path: Path) -> None:
    attributes = "{number: No__c, total: {amount: Sum__c, currency: Code__c}, status: {field: S__c, map: {A: paid}}}"
    found = mapped(tmp_path, f"Bill__c: {{entity: invoice, id: Id, customer: Owner__c, attributes: {attributes}}}")

    assert set(found["Bill__c"].selected) == {*SYSTEM_FIELDS, "Owner__c", "No__c", "Sum__c", "Code__c", "S__c"}


def test_a_field_that_a_deployment_keeps_is_asked_for_too(org: Org, tmp_path: Path) -> None:
    account = mapped(tmp_path, "Account: {keep: [Nick__c]}")["Account"]

    assert "Nick__c" in account.selected
    assert any("mappings/crm.yaml: Account.keep" in line for line in lacks(org, account))


def test_a_field_that_a_deployment_maps_is_read_beside_the_others(tmp_path: Path) -> None:
    found = mapped(tmp_path, "Account: {attributes: {delinquent: Late__c}}")

    assert {"Late__c", "Name", "Tax_Id__c"} <= set(found["Account"].selected)


def test_an_object_that_nobody_maps_is_not_polled(tmp_path: Path) -> None:
    assert "Credit_Memo__c" not in mapped(tmp_path, "Credit_Memo__c: null")


def test_the_org_of_the_demo_has_all_that_governance_maps(org: Org) -> None:
    metadata.check(org.client, "crm", OBJECTS)


@pytest.mark.parametrize(
    ("attributes", "key"),
    [
        ("delinquent: Tax_ID__c", "delinquent"),
        ("status: {field: Tax_ID__c, map: {A: active}}", "status.field"),
    ],
)
def test_a_field_that_the_org_lacks_is_told_by_file_key_and_remedy(
    org: Org, tmp_path: Path, attributes: str, key: str
) -> None:
    found = mapped(tmp_path, f"Account: {{attributes: {{{attributes}}}}}")

    assert lacks(org, found["Account"]) == [
        f"mappings/crm.yaml: Account.attributes.{key}: Account has no field 'Tax_ID__c' (did you mean 'Tax_Id__c'?), "
        "or hides it from us; correct the name, or let the integration user read the field"
    ]


def test_all_that_the_org_lacks_is_told_at_once(org: Org, tmp_path: Path) -> None:
    amounts = "{total: {amount: Sum__c, currency: Code__c}}"
    found = mapped(tmp_path, f"Credit_Memo__c: {{customer: Buyer__c, attributes: {amounts}}}")

    lines = lacks(org, found["Credit_Memo__c"])

    assert [line.split(": ")[1].removeprefix("Credit_Memo__c.") for line in lines] == [
        "customer", "attributes.total.amount", "attributes.total.currency",
    ]  # fmt: skip


def test_an_object_that_the_org_lacks_is_told_by_file_key_and_remedy(org: Org, tmp_path: Path) -> None:
    found = mapped(tmp_path, "Bill__c: {entity: invoice, id: Id, customer: Owner__c, attributes: {number: No__c}}")

    assert lacks(org, found["Bill__c"]) == [
        "mappings/crm.yaml: Bill__c: the org has no object 'Bill__c', or hides it from us; correct the name, let the "
        "integration user read the object, or map `Bill__c: null`"
    ]


def test_an_object_that_cannot_be_read_in_the_order_of_its_changes_cannot_be_polled(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    described: Any = org.client.describe("Account")
    fields = [{**f, "filterable": f["name"] != "SystemModstamp"} for f in described["fields"]]
    monkeypatch.setattr(org.client, "describe", lambda name: {**described, "fields": fields})

    [line] = lacks(org, PolledObject("Account", "Id", ("Name",), "mappings/crm.yaml: Account"))

    assert line.startswith("mappings/crm.yaml: Account: Account cannot be filtered and sorted by SystemModstamp")


def test_an_org_that_cannot_be_asked_is_no_org_that_lacks_something(org: Org) -> None:
    org.simulator.faults.outage = True
    try:
        with pytest.raises(Retry):
            metadata.check(org.client, "crm", OBJECTS)
    finally:
        org.simulator.faults.outage = False
