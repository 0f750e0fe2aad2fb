"""Which objects of a CRM are polled: those that governance maps, with every field that it reads."""

from pathlib import Path

from connectors.salesforce.objects import QUOTE_TO_CASH
from streams.governance import load
from streams.worker.wiring import polled


def mapped(folder: Path, mapping: str) -> dict[str, tuple[str, ...]]:
    (folder / "mappings").mkdir()
    (folder / "mappings" / "crm.yaml").write_text(mapping)
    return {each.name: each.fields for each in polled(load(folder), "crm")}


def test_by_default_what_quote_to_cash_needs_is_polled() -> None:
    assert polled(load(), "crm") == QUOTE_TO_CASH


def test_an_object_that_a_deployment_maps_is_polled_with_the_fields_that_it_names(tmp_path: Path) -> None:
    attributes = (
        "{number: No__c, total: {amount: Sum__c, currency: Code__c}, status: {field: S__c, map: {A: paid}}}"
    )
    found = mapped(tmp_path, f"Bill__c: {{entity: invoice, id: Id, customer: Account__c, attributes: {attributes}}}")

    assert found["Bill__c"] == ("No__c", "Sum__c", "Code__c", "S__c")


def test_a_field_that_a_deployment_maps_is_read_beside_those_that_always_are(tmp_path: Path) -> None:
    found = mapped(tmp_path, "Account: {attributes: {delinquent: Late__c}}")

    assert found["Account"] == (*QUOTE_TO_CASH[0].fields, "Late__c")


def test_an_object_that_nobody_maps_is_not_polled(tmp_path: Path) -> None:
    assert "Credit_Memo__c" not in mapped(tmp_path, "Credit_Memo__c: null")
