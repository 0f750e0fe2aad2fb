"""The corrected state: what a customer is by its systems of record, who agrees, and what of it was heard."""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.entities import ENTITIES
from schemas.source import ALL_OBJECTS
from streams.governance.model import Governance
from streams.judge.corrected import place_of, project
from streams.judge.keys import MARKS
from streams.kinds.asof import entity_key
from tables.view import Workspace
from tables.watermarks import name
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, workspace


def governed(**owners: str) -> Governance:
    """The CRM owns names, billing owns e-mail addresses, unless somebody else does."""
    found = five_systems()
    customer = {"name": "crm", "email": "billing", "tax_id": "erp"} | owners
    return found.model_copy(update={"partitions": 1, "ownership": {**found.ownership, "customer": customer}})


def with_second_erp(found: Governance) -> Governance:
    return found.model_copy(update={"systems": {**found.systems, "erp-eu": found.systems["erp"]}})


def told(ws: Workspace, governance: Governance, *place: str) -> Any:
    """What is published of a place, by attribute, with the rest beside it."""
    project(ws, governance, place_of(CUSTOMER, *place))  # type: ignore[call-arg]
    effect = ws.effects[-1]
    assert (effect.topic, effect.record, effect.partition_key) == (topics.CORRECTED_STATE, "CorrectedEntity", CUSTOMER)
    if effect.value is None:
        return effect.key, None
    rest = {key: value for key, value in effect.value.items() if key != "attributes"}
    return {a.pop("name"): a for a in (dict(each) for each in effect.value["attributes"])}, (effect.key, rest)


def merged(*records: Change, governance: Governance | None = None) -> dict[str, Any]:
    attributes: dict[str, Any] = told(workspace(*records), governance or governed(), "customer", "crm", "A")[0]
    return attributes


ACCOUNT = record("crm", "customer", "A", 3, name="Acme", email="a@crm")
BILLED = record("billing", "customer", "B", 4, name="Acme", email="a@billing")
DEBTOR = record("erp", "customer", "E", 5, name="ACME", email="a@billing")


def test_each_attribute_has_the_value_of_its_system_of_record() -> None:
    found = merged(ACCOUNT, BILLED, DEBTOR)

    assert {n: (a["value"], a["owner"], a["native_id"], a["version"], a["committed_at"]) for n, a in found.items()} == {
        "name": ('"Acme"', "crm", "A", "v3", 3),
        "email": ('"a@billing"', "billing", "B", "v4", 4),
        "tax_id": (None, "erp", "E", "v5", 5),
    }


def test_the_others_agree_or_diverge_by_what_they_state() -> None:
    found = merged(ACCOUNT, BILLED, DEBTOR)

    assert (found["name"]["agree"], found["name"]["diverge"]) == (["billing"], {"erp": '"ACME"'})
    assert (found["email"]["agree"], found["email"]["diverge"]) == (["erp"], {"crm": '"a@crm"'})
    assert (found["tax_id"]["agree"], found["tax_id"]["diverge"]) == ([], {})


def test_who_has_no_record_of_the_customer_is_unheard() -> None:
    found = merged(ACCOUNT, DEBTOR)

    assert [a["unheard"] for a in found.values()] == [["billing", "processor", "product"]] * len(found)
    assert (found["email"]["value"], found["email"]["owner"]) == (None, "billing")
    assert (found["email"]["native_id"], found["email"]["version"], found["email"]["committed_at"]) == ("", "", None)
    assert found["email"]["diverge"] == {"crm": '"a@crm"', "erp": '"a@billing"'}


def test_of_several_systems_of_record_the_first_that_states_it_has_it() -> None:
    governance = with_second_erp(governed(name="erp", email="erp"))
    german = record("erp-eu", "customer", "E2", 6, name="Acme GmbH", email="a@eu")

    elsewhere = merged(ACCOUNT, german, governance=governance)["name"]
    silent = merged(ACCOUNT, DEBTOR._replace(attributes={"name": "ACME"}), german, governance=governance)
    both = merged(ACCOUNT, DEBTOR, german, governance=governance)["name"]

    assert (elsewhere["value"], elsewhere["owner"], elsewhere["unheard"]) == (
        '"Acme GmbH"', "erp-eu", ["billing", "erp", "processor", "product"],
    )  # fmt: skip
    assert (silent["name"]["owner"], silent["email"]["owner"]) == ("erp", "erp-eu")
    assert (both["owner"], both["diverge"]) == ("erp", {"crm": '"Acme"', "erp-eu": '"Acme GmbH"'})


def test_one_that_the_customer_has_left_states_it_only_where_no_other_does() -> None:
    governance = with_second_erp(governed(name="erp"))
    left = record("erp", "customer", "E", 5, name="ACME", status="churned")
    german = record("erp-eu", "customer", "E2", 6, name="Acme GmbH", status="active")

    assert merged(left, german, governance=governance)["name"]["owner"] == "erp-eu"
    assert merged(left, governance=governance)["name"]["owner"] == "erp"


def test_any_attribute_may_have_one_owner() -> None:
    found = merged(ACCOUNT, BILLED, governance=governed(**{"*": "erp"}))

    assert found.keys() == set(ENTITIES["customer"].attribute_names)
    assert (found["name"]["owner"], found["country"]["owner"]) == ("crm", "erp")


def test_a_customer_has_a_revision_that_rises_each_time_that_it_is_told() -> None:
    ws = workspace(ACCOUNT)
    rest = [told(ws, governed(), "customer", "crm", "A")[1] for _ in range(2)]

    assert [r["revision"] for _, r in rest] == [1, 2]
    assert rest[0][0] == f"{CUSTOMER}/customer/{CUSTOMER}"
    assert rest[0][1] == {
        "canonical_id": CUSTOMER, "entity": "customer", "native_id": CUSTOMER, "revision": 1, "complete_until": None,
    }  # fmt: skip


def test_a_customer_without_records_is_taken_away() -> None:
    assert told(workspace(), governed(), "customer", "crm", "A") == (f"{CUSTOMER}/customer/{CUSTOMER}", None)


def test_another_record_is_told_as_it_is_with_what_it_states() -> None:
    stated, (key, rest) = told(
        workspace(record("crm", "opportunity", "O", 7, stage="won", value="9 EUR")),
        governed(),
        "opportunity",
        "crm",
        "O",
    )

    assert key == f"{CUSTOMER}/opportunity/crm:O"
    assert {n: (a["value"], a["owner"], a["native_id"], a["version"]) for n, a in stated.items() if n == "stage"} == {
        "stage": ('"won"', "crm", "O", "v7")
    }
    assert all(a["value"] is not None for a in stated.values())
    assert (rest["entity"], rest["native_id"], rest["revision"]) == ("opportunity", "crm:O", 1)


def test_a_record_that_is_gone_is_taken_away() -> None:
    ws = workspace(record("crm", "opportunity", "O", 7, stage="won"))
    place = entity_key(CUSTOMER, "opportunity", "crm", "O")
    held = ws.get(place) or {}
    ws.put(place, {**held, "versions": [{**held["versions"][0], "op": "delete", "attrs": None}]})

    assert told(ws, governed(), "opportunity", "crm", "O") == (f"{CUSTOMER}/opportunity/crm:O", None)
    assert told(ws, governed(), "opportunity", "crm", "P") == (f"{CUSTOMER}/opportunity/crm:P", None)


def test_each_says_how_far_what_it_rests_on_was_heard() -> None:
    ws = workspace(ACCOUNT, record("crm", "opportunity", "O", 7, stage="won"))
    until = {"crm": 9, "billing": 7, "erp": 8, "processor": 9, "product": 9}
    ws.put(MARKS, {name(system, ALL_OBJECTS): {"0": [0, "streaming", at]} for system, at in until.items()})

    assert told(ws, governed(), "customer", "crm", "A")[1][1]["complete_until"] == 7
    assert told(ws, governed(), "opportunity", "crm", "O")[1][1]["complete_until"] == 9


def test_a_record_that_is_named_and_is_not_there_says_nothing() -> None:
    for left in (None, {"versions": []}):
        ws = workspace(ACCOUNT, BILLED)
        place = entity_key(CUSTOMER, "customer", "billing", "B")
        if left is None:
            ws.delete(place)
        else:
            ws.put(place, left)
        found = told(ws, governed(), "customer", "crm", "A")[0]
        assert found["email"]["unheard"] == ["billing", "erp", "processor", "product"]


def test_what_no_system_owns_that_there_is_has_no_value_and_nobody_agrees() -> None:
    owned = governed(name="processor")
    without = {name: system for name, system in owned.systems.items() if name != "processor"}
    found = merged(ACCOUNT, governance=owned.model_copy(update={"systems": without, "derived": {}}))["name"]

    assert (found["value"], found["owner"], found["agree"], found["diverge"]) == (None, "", [], {"crm": '"Acme"'})
