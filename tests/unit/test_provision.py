"""What is charged and what is granted, product by product, on one day."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS, SECOND
from streams.governance.model import Governance
from streams.kinds.provision import Provision, provisions, told_of
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import found, looking, record

DAY = 24 * 60 * 60 * SECOND
TODAY = 5
"""1970-01-06."""


def charge(quantity: int | None = 10, native_id: str = "C", system: str = "billing", **told: Any) -> Change:
    stated = {"subscription_ref": "S", "product_code": "SEATS", "type": "recurring", "status": "active"}
    return record(system, "charge", native_id, **{**stated, "quantity": quantity, **told})


def grant(quantity: int | None = 10, native_id: str = "N", **told: Any) -> Change:
    stated = {"subscription_number": "S-1", "product_code": "SEATS", "status": "active"}
    return record("product", "entitlement", native_id, **{**stated, "quantity": quantity, **told})


def provided(*records: Change, governance: Governance | None = None) -> tuple[list[Provision], float | None]:
    """And the next day on which that changes."""
    subscription = record("billing", "subscription", "S", number="S-1", status="active")
    now = looking(governance or five_systems(), TODAY * DAY, subscription, *records)
    seen = found(now, "billing", "subscription", "S")
    made = provisions(now, seen, told_of(now, seen))
    return made, None if now.next_change == ALWAYS else now.next_change / DAY


def units(*records: Change) -> list[tuple[str, int | None, int | None, int]]:
    return [(p.product, p.charged, p.granted, p.surplus) for p in provided(*records)[0]]


@pytest.mark.parametrize(
    ("records", "charged", "granted", "surplus"),
    [
        ((charge(10), grant(12)), 10, 12, 2),
        ((charge(10), grant(7)), 10, 7, -3),
        ((charge(10), charge(5, "C2"), grant(4), grant(6, "N2")), 15, 10, -5),
        ((charge(10),), 10, 0, -10),
        ((grant(3),), 0, 3, 3),
        ((charge(10, type=None), grant(9)), 10, 9, -1),
        ((charge(10, type="usage"), grant(9)), None, 9, 0),
        ((charge(10, type="usage"),), None, 0, -1),  # units are not counted: there is nothing at all
        ((charge(10, type="one_time"),), None, 0, 0),  # a setup need not be granted
        ((charge(10), charge(1, "C2", type="one_time")), None, 0, -1),
        ((charge(None), grant(9)), None, 9, 0),
        ((charge(None),), None, 0, -1),
        ((charge(10), charge(None, "C2"), grant(9)), None, 9, 0),
        ((charge(10), grant(None)), 10, None, 0),
        ((grant(None),), 0, None, 1),  # as many as one likes, and nobody pays for any
        ((charge(1, type="one_time"), grant(None)), None, None, 0),
        ((charge(10), grant(9), grant(None, "N2")), 10, None, 0),
    ],
)
def test_what_is_granted_beyond_what_is_charged(
    records: tuple[Change, ...], charged: int | None, granted: int | None, surplus: int
) -> None:
    assert units(*records) == [("SEATS", charged, granted, surplus)]


@pytest.mark.parametrize(
    "record",
    [charge(status="ended"), charge(product_code=None), charge(subscription_ref="S2"), grant(status="revoked"),
     grant(status=None), grant(product_code=None), grant(subscription_number="S-2")],
)  # fmt: skip
def test_what_has_ended_or_belongs_to_nothing_does_not_count(record: Change) -> None:
    assert units(record) == []


def test_products_are_compared_one_by_one() -> None:
    assert units(charge(3, product_code="Z"), grant(2, product_code="A")) == [("A", 0, 2, 2), ("Z", 3, 0, -3)]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "in_force", "changes_on"),
    [
        (None, None, True, None),
        ("1970-01-06", None, True, None),
        ("1970-01-07", None, False, 6),
        (None, "1970-01-05", False, None),
        (None, "1970-01-06", True, 6),
        ("1970-01-02", "1970-01-09", True, 9),
        ("1970-01-08", "1970-01-09", False, 7),
    ],
)
@pytest.mark.parametrize("made", [charge, grant])
def test_first_and_last_day_are_in_force(
    made: Any, starts_on: str | None, ends_on: str | None, in_force: bool, changes_on: float | None
) -> None:
    found, again = provided(made(starts_on=starts_on, ends_on=ends_on))

    assert (len(found), again) == (in_force, changes_on)


def test_a_charge_of_another_billing_system_is_of_another_subscription() -> None:
    base = five_systems()
    second = base.systems["processor"].model_copy(update={"role": "billing"})
    two = base.model_copy(update={"systems": {**base.systems, "processor": second}})

    ((seats,), _) = provided(charge(10), charge(7, "C2", "processor"), governance=two)

    assert seats.charged == 10
