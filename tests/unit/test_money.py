"""Money: exact amounts only, equal text for equal amounts, and minor units in one place."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import Money, NotMoney, amount, from_json, from_minor_units, plain, to_minor_units

amounts = st.decimals(min_value=-(10**28), max_value=10**28, places=9)


@pytest.mark.parametrize("text", ["0", "-0.00", "1200.00", "0.000000001", "-7", "9" * 29, "1E+3", " 5 "])
def test_an_exact_amount_is_taken_as_it_is(text: str) -> None:
    assert amount(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "12,50", "1.200,00", "NaN", "-Infinity", "1e400", "1" + "0" * 29, "0.0000000001", "€5", "0x10"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotMoney):
        amount(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [("12.50", "12.5"), ("12.5", "12.5"), ("100", "100"), ("100.00", "100"), ("1E+2", "100"), ("0.000000001",) * 2],
)
def test_equal_amounts_have_equal_text(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@given(amounts)
def test_an_amount_survives_its_text(value: Decimal) -> None:
    assert amount(plain(value)) == value


@given(amounts, st.sampled_from(["net", "tax", "gross"]))
def test_money_survives_json(value: Decimal, basis: str) -> None:
    assert from_json(Money(value, "EUR", basis).as_json()) == Money(value, "EUR", basis)


def test_no_money_is_none() -> None:
    assert from_json(None) is None


@pytest.mark.parametrize(("units", "exponent", "value"), [(1250, 2, "12.50"), (1250, 0, "1250"), (1250, 3, "1.250")])
def test_minor_units_follow_the_currency(units: int, exponent: int, value: str) -> None:
    assert from_minor_units(units, exponent) == Decimal(value)
    assert to_minor_units(Decimal(value), exponent) == units


def test_a_fraction_of_a_minor_unit_is_refused() -> None:
    with pytest.raises(NotMoney, match="more decimals"):
        to_minor_units(Decimal("12.505"), 2)


@given(st.integers(-(10**30), 10**30), st.integers(0, 4))
def test_minor_units_come_back_to_the_last_one(units: int, exponent: int) -> None:
    assert to_minor_units(from_minor_units(units, exponent), exponent) == units
