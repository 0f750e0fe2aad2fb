"""For which kinds something governed hangs on the customer itself, and which records tell of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from streams.governance.legal import Span
from streams.governance.model import Governance, Segment
from streams.kinds.standing import TELLING, homes, regarding, regards_customer, tells_otherwise
from streams.kinds.table import BY_NAME
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import record, version_of

KIND = "invoice_not_posted"
ONE_DAY = Span(begins=date(2026, 1, 1), ends=date(2026, 1, 1))


def governed(**rules: Any) -> Governance:
    """Of the kind; nothing else is judged."""
    base = five_systems()
    kinds = {**base.kinds, KIND: base.kinds[KIND].model_copy(update=rules)}
    return base.model_copy(update={"kinds": kinds, "judged": (KIND, "delinquency_not_cleared")})


def serving(system: str) -> Governance:
    """In two systems of its role; this one of them serves one legal entity only."""
    base = five_systems()
    twin = base.systems[system].model_copy(update={"serves": {"DE01": date(1970, 1, 1)}})
    return base.model_copy(update={"systems": {**base.systems, f"{system}2": twin}, "mappings": {
        **base.mappings, f"{system}2": base.mappings[system]}})  # fmt: skip


def books(**decided: Any) -> Governance:
    """How one of several legal entities keeps its books."""
    base = five_systems()
    entity = base.entities["DE01"].model_copy(update=decided)
    return base.model_copy(update={"entities": {**base.entities, "DE01": entity}})


FROZEN = books(close_freezes=(ONE_DAY,))
SEGMENTS = {"small": Segment(sla_seconds=30)}


REGARDED = {
    # what is governed: (governance, kind, whether it hangs on the customer)
    "nothing": (governed(), KIND, False),
    "segments": (governed(segments=SEGMENTS), KIND, True),
    "segments of another kind": (governed(segments=SEGMENTS), "won_without_erp_customer", False),
    "business days": (governed(sla_business_days=2), KIND, True),
    "periods": (books(monthly_periods=True), KIND, True),
    "last days of periods": (books(period_ends=(date(2026, 1, 31),)), KIND, True),
    "periods, of a kind that is booked in none": (books(monthly_periods=True), "won_without_erp_customer", False),
    "which ERP serves whom": (serving("erp"), KIND, True),
    "which ERP serves whom, of a kind that looks at none": (serving("erp"), "won_without_subscription", False),
    "whose books may be posted to": (books(posting_window=ONE_DAY), KIND, True),
    "whose books are frozen": (FROZEN, KIND, True),
    "whose books are frozen, of a kind that looks at none": (
        books(close_freezes=(ONE_DAY,)),
        "won_without_subscription",
        False,
    ),
}


def test_the_kinds_look_where_the_cases_say() -> None:
    looked_at = {name: {role for role, _ in BY_NAME[name].reach} for name in (KIND, "won_without_subscription")}

    assert {name: "erp" in roles for name, roles in looked_at.items()} == {
        KIND: True,
        "won_without_subscription": False,
    }


@pytest.mark.parametrize("what", REGARDED)
def test_a_kind_hangs_on_the_customer_where_something_of_it_is_governed(what: str) -> None:
    governance, kind, regarded = REGARDED[what]

    assert regards_customer(governance, BY_NAME[kind]) is regarded


def test_the_customers_record_in_the_crm_tells_and_no_other() -> None:
    governance = governed(segments=SEGMENTS)

    assert [kind.name for kind in regarding(governance, "crm", "customer")] == [KIND]
    assert regarding(governance, "erp", "customer") == regarding(governance, "crm", "opportunity") == ()
    assert regarding(governed(), "crm", "customer") == ()


def test_a_crm_that_carries_no_customers_tells_of_none() -> None:
    base = five_systems()
    mute = {name: m for name, m in base.mappings["crm"].items() if m.entity != "customer"}

    assert homes(base) == (("crm", "customer"),)
    assert homes(base.model_copy(update={"mappings": {**base.mappings, "crm": mute}})) == ()


TOLD = {"segment": "small", "legal_entity": "DE01", "country": "DE", "tax_region": "DE"}
BEFORE = version_of(record("crm", "customer", "A", name="Acme", **TOLD))
GONE = {**BEFORE, "op": "delete", "attrs": None}


@pytest.mark.parametrize("attribute", TOLD)
def test_it_tells_otherwise_where_it_says_something_else_of_these(attribute: str) -> None:
    assert set(TELLING) == set(TOLD)
    assert tells_otherwise(BEFORE, version_of(record("crm", "customer", "A", **{**TOLD, attribute: "other"})))


def test_it_tells_otherwise_where_it_comes_or_goes() -> None:
    renamed = version_of(record("crm", "customer", "A", name="Acme AG", **TOLD))

    assert tells_otherwise(None, BEFORE)
    assert tells_otherwise(BEFORE, GONE)
    assert not tells_otherwise(BEFORE, renamed)
    assert not tells_otherwise(None, GONE)
