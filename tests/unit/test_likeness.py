"""Which customer records might be one customer twice."""

from __future__ import annotations

import pytest

from streams.likeness.compare import compare
from streams.likeness.keys import keys, meeting_key
from streams.likeness.normalise import normal

ACME = {
    "name": "Müller & Söhne GmbH",
    "tax_id": "DE 811 569 869",
    "country": "DE",
    "email": "rechnung@mueller-soehne.example",
    "street": "Hauptstr. 12",
    "city": "Köln",
    "postal_code": "50667",
}


def like(**changed: str | None) -> dict[str, str | None]:
    return {**ACME, **changed}


def test_legal_forms_accents_and_case_do_not_tell_companies_apart() -> None:
    assert normal(ACME).name == normal(like(name="MULLER & SOHNE mbH")).name


def test_a_tax_number_is_the_same_with_and_without_country_and_blanks() -> None:
    assert normal(ACME).tax_id == normal(like(tax_id="811569869")).tax_id == "DE811569869"


def test_a_mailbox_that_anyone_can_have_says_nothing() -> None:
    assert normal(like(email="mueller@gmail.com")).domain == ""


@pytest.mark.parametrize(
    "twin",
    [
        like(tax_id=None, name="Mueller Söhne"),
        like(tax_id="DE811569896", email=None),
        like(name="Söhne Müller GmbH & Co. KG", street="Hauptstraße 12", tax_id=None, email=None),
    ],
)
def test_a_twin_is_met_under_a_key_and_suspected_with_reasons(twin: dict[str, str | None]) -> None:
    one, other = normal(ACME), normal(twin)

    assert meeting_key(keys(one), keys(other)) is not None
    likeness = compare(one, other)
    assert likeness.suspect
    assert likeness.reasons


@pytest.mark.parametrize(
    "stranger",
    [
        like(name="Bäckerei Schmitz", tax_id="DE129273398", email="info@schmitz.example"),
        like(country="AT", tax_id=None, email=None, street="Ring 1", city="Wien", postal_code="1010"),
        {"name": "Müller & Söhne", "country": "DE"},
    ],
)
def test_a_neighbour_a_namesake_abroad_and_a_bare_name_are_not(stranger: dict[str, str | None]) -> None:
    assert not compare(normal(ACME), normal(stranger)).suspect


def test_likeness_is_mutual() -> None:
    one, other = normal(ACME), normal(like(name="Mueller Soehne", city="Cologne"))

    assert compare(one, other) == compare(other, one)


def test_a_record_that_says_nothing_has_no_key() -> None:
    assert keys(normal({})) == ()
