"""Canonicalize: exact text becomes attributes, or the row is diverted with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.entities import ENTITIES
from schemas.source import UNCHANGED
from streams.governance.model import Vocabulary
from streams.identify.canonicalize import attributes
from streams.inputs import Divert
from tests.topology import FIELDS, default_governance

MAPPINGS = default_governance().mappings


def canonical(system: str, object_: str, last: dict[str, Any] | None = None, **fields: str | None) -> dict[str, Any]:
    return attributes(MAPPINGS[system][object_], {**FIELDS[system, object_], **fields}, last)


def flagged(source: str | Vocabulary, text: str | None) -> Any:
    """What a deal's flag says, of a field `Managed`."""
    mapping = MAPPINGS["crm"]["Opportunity"]
    managed = mapping.model_copy(update={"attributes": {**mapping.attributes, "order_managed": source}})
    return attributes(managed, {**FIELDS["crm", "Opportunity"], "Managed": text}, None)["order_managed"]


def test_every_attribute_of_the_entity_is_there_mapped_or_not() -> None:
    found = canonical("billing", "account")

    assert tuple(found) == ENTITIES["customer"].attribute_names
    assert found["erp_ref"] is None


def test_text_numbers_dates_words_and_money_become_what_they_mean() -> None:
    found = canonical("billing", "subscription", status="PendingActivation", starts_on="2026-11-24T00:00:00Z")

    assert (found["number"], found["version_number"], found["starts_on"]) == ("S-1", 1, "2026-11-24")
    assert found["status"] == "pending_activation"
    assert found["total_value"] == {"amount": "1200", "currency": "EUR", "basis": "net"}


@pytest.mark.parametrize(("text", "meant"), [("true", True), ("false", False), (None, None)])
def test_a_flag_is_one(text: str | None, meant: bool | None) -> None:
    assert flagged("Managed", text) is meant


@pytest.mark.parametrize(("word", "meant"), [("Y", True), ("N", False)])
def test_a_flag_that_is_said_in_words_is_one(word: str, meant: bool) -> None:
    words = Vocabulary(field="Managed", map={"Y": "true", "N": "false"})

    assert flagged(words, word) is meant


def test_a_number_that_is_said_in_words_is_one() -> None:
    mapping = MAPPINGS["erp"]["contract"]
    words = {**mapping.attributes, "term_months": Vocabulary(field="term", map={"annual": "12"})}

    found = attributes(
        mapping.model_copy(update={"attributes": words}), {**FIELDS["erp", "contract"], "term": "annual"}, None
    )

    assert found["term_months"] == 12


@pytest.mark.parametrize("text", ["Y", "1", "True", ""])
def test_what_is_no_flag_is_not_taken_for_false(text: str) -> None:
    with pytest.raises(Divert, match="is no flag") as caught:
        flagged("Managed", text)

    assert caught.value.reason == "unreadable_value"


def test_equal_amounts_are_equal_however_they_are_written() -> None:
    one, other = (canonical("erp", "contract", value=text)["value"] for text in ("1200.50", "1200.5000"))

    assert one == other


@pytest.mark.parametrize("field", ["crm_opportunity_id", "status", "starts_on", "term_months", "total_contract_value"])
def test_null_stays_null(field: str) -> None:
    before, after = canonical("billing", "subscription"), canonical("billing", "subscription", **{field: None})

    assert [name for name in before if before[name] is not None and after[name] is None] != []


def test_what_did_not_change_keeps_its_last_value() -> None:
    last = canonical("billing", "subscription", status="Active")
    names = {"number", "status", "starts_on", "total_contract_value"}

    assert canonical("billing", "subscription", last, **dict.fromkeys(names, UNCHANGED)) == last


def test_what_did_not_change_and_was_never_seen_is_not_known() -> None:
    assert canonical("billing", "subscription", None, number=UNCHANGED)["number"] is None


DIVERTED: dict[str, tuple[str, str, dict[str, str | None], str]] = {
    # reason, with a case where needed: (system, object, fields, what the detail must name)
    "unmapped_status": ("erp", "customer", {"status": "Limbo"}, "'Limbo'"),
    "not_an_amount": ("erp", "contract", {"value": "twelve"}, "'twelve'"),
    "not_an_amount of a float's making": ("erp", "contract", {"value": "NaN"}, "value"),
    "no_currency": ("erp", "contract", {"currency": None}, "'currency'"),
    "no_currency in an empty text": ("erp", "contract", {"currency": ""}, "'currency'"),
    "unreadable_value of a number": ("erp", "contract", {"term_months": "1.5"}, "'1.5'"),
    "unreadable_value of a number that nothing holds": ("erp", "contract", {"term_months": str(2**63)}, str(2**63)),
    "unreadable_value of one below zero": ("erp", "contract", {"term_months": str(-(2**63) - 1)}, "is no integer"),
    "unreadable_value of a date": ("erp", "contract", {"starts_on": "24.11.2026"}, "'24.11.2026'"),
}


@pytest.mark.parametrize("case", DIVERTED)
def test_what_cannot_be_mapped_is_diverted(case: str) -> None:
    system, object_, fields, named = DIVERTED[case]

    with pytest.raises(Divert, match=named) as caught:
        canonical(system, object_, **fields)

    assert caught.value.reason == case.split()[0]
    assert caught.value.entity == MAPPINGS[system][object_].entity


@pytest.mark.parametrize("field", ["status", "value", "currency", "number"])
def test_a_row_without_a_mapped_field_is_diverted_and_says_what_it_has(field: str) -> None:
    fields = {name: value for name, value in FIELDS["erp", "contract"].items() if name != field}

    with pytest.raises(Divert, match=rf"no field '{field}'.*term_months") as caught:
        attributes(MAPPINGS["erp"]["contract"], fields, None)

    assert caught.value.reason == "missing_field"


def test_a_field_that_nobody_maps_is_ignored() -> None:
    assert canonical("erp", "contract", colour="blue") == canonical("erp", "contract")
