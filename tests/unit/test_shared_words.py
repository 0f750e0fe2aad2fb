"""What several predicates say in the same way: amounts, tolerances, days, who is asked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from streams.governance.model import Governance
from streams.kinds.finding import Subject
from streams.kinds.shared import (
    LIVE_SUBSCRIPTION,
    day_begins,
    days_of,
    deal_of,
    first_in_role,
    is_mapped,
    number,
    place,
    said,
    text,
    tolerance,
    with_amount,
)
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import found, looking, record

MONEY = {"amount": "1234.5", "currency": "EUR", "basis": "net"}
KIND = "contract_value_mismatch"
HOURS = 3_600_000_000


def test_an_amount_is_a_number_a_text_and_a_sentence() -> None:
    assert (number(MONEY), text(MONEY), said(MONEY)) == (Decimal("1234.5"), "1234.5", "1,234.50 EUR")
    assert (number(None), text(None), said(None)) == (0, None, "no amount")
    assert with_amount(MONEY, Decimal("7.10")) == {**MONEY, "amount": "7.1"}


def test_a_subject_is_found_by_entity_system_and_id() -> None:
    assert place(Subject("billing", "invoice", "I")) == ("invoice", "billing", "I")
    assert LIVE_SUBSCRIPTION == ("active", "suspended")


def tolerating(absolute: str, relative: str) -> Governance:
    base = five_systems()
    told = {"tolerance_absolute": Decimal(absolute), "tolerance_relative": Decimal(relative)}
    return base.model_copy(update={"kinds": {**base.kinds, KIND: base.kinds[KIND].model_copy(update=told)}})


@pytest.mark.parametrize(("value", "tolerated"), [("10", "5"), ("100", "10"), ("-100", "10")])
def test_the_larger_of_two_tolerances_counts(value: str, tolerated: str) -> None:
    now = looking(tolerating("5", "0.1"), 10)

    assert tolerance(now, KIND, Decimal(value)) == Decimal(tolerated)


def test_a_correction_goes_to_the_first_system_of_a_role_or_to_the_role() -> None:
    base = five_systems()
    erp2 = base.systems["product"].model_copy(update={"role": "erp"})
    two = base.model_copy(update={"systems": {**base.systems, "product": erp2}})

    assert first_in_role(looking(two, 10), "erp") == two.in_role("erp")[0]
    assert first_in_role(looking(two, 10), "entitlement") == "entitlement"


def test_the_deal_is_found_in_whichever_crm_has_it() -> None:
    base = five_systems()
    crm2 = base.systems["product"].model_copy(update={"role": "crm"})
    two = base.model_copy(update={"systems": {**base.systems, "product": crm2}})
    now = looking(two, 10, record("product", "opportunity", "O"), record("erp", "opportunity", "Q"))

    deal = deal_of(now, "O")
    assert deal is not None
    assert deal.system == "product"
    assert deal_of(now, "Q") is deal_of(now, None) is None


def test_a_day_begins_by_the_calendar_of_the_company() -> None:
    now = looking(five_systems(), 10, record("billing", "invoice", "I", legal_entity="DE01"),
                  record("billing", "invoice", "J"), record("crm", "customer", "A", legal_entity="US01"))  # fmt: skip
    named, silent = (found(now, "billing", "invoice", i) for i in ("I", "J"))
    account = found(now, "crm", "customer", "A")
    midnight = day_begins("1970-01-02")

    assert midnight == 24 * HOURS
    assert day_begins("1970-01-02", days_of(now, named)) == midnight - HOURS
    assert day_begins("1970-01-02", days_of(now, silent)) == midnight
    assert day_begins("1970-01-02", days_of(now, silent, account)) > midnight
    assert day_begins("1970-01-02", days_of(now, named, account)) == midnight - HOURS
    assert day_begins(None, days_of(now, named)) == 0


def test_what_nobody_reads_is_not_mapped() -> None:
    base = five_systems()
    mappings = base.mappings["billing"]
    read = {name: how for name, how in mappings["invoice"].attributes.items() if name != "tax"}
    less = {**mappings, "invoice": mappings["invoice"].model_copy(update={"attributes": read})}
    now = looking(base.model_copy(update={"mappings": {**base.mappings, "billing": less}}), 10,
                  record("billing", "invoice", "I"), record("erp", "invoice", "J"))  # fmt: skip

    mine, other = found(now, "billing", "invoice", "I"), found(now, "erp", "invoice", "J")
    assert (is_mapped(now, mine, "total"), is_mapped(now, mine, "tax"), is_mapped(now, other, "tax")) == (
        True, False, True,
    )  # fmt: skip
    assert not is_mapped(now, mine, "stage")


def test_of_two_objects_that_make_an_entity_one_is_enough() -> None:
    base = five_systems()
    mapping = base.mappings["billing"]["invoice"]
    less = mapping.model_copy(update={"attributes": {"status": "status"}})
    two = base.model_copy(update={"mappings": {**base.mappings, "billing": {"a": mapping, "b": less}}})
    now = looking(two, 10, record("billing", "invoice", "I"))

    assert is_mapped(now, found(now, "billing", "invoice", "I"), "total")
