"""Kinds that a date begins count days as the company that serves the customer does, also where clocks change.

Clocks in Berlin and London go forward in the night to Sunday, 29 March 2026, those in New York did so on the 8th."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from schemas.instants import SECOND, Instant, from_datetime, iso, seconds
from tests.dossiers import activation_stalled, delinquency_unpropagated, process_state_disagreement
from tests.dossiers.model import SLA_SECONDS, Change, Story, change
from tests.dossiers.stage import Play
from tests.unit.governed_company import play_of

BEFORE = datetime(2026, 3, 25, 12, tzinfo=UTC).timestamp()
MONDAY = "2026-03-30"
MONDAY_BEGINS = {
    "DE01": "2026-03-29T22:00:00Z",
    "UK01": "2026-03-29T23:00:00Z",
    "?": "2026-03-30T00:00:00Z",
    "US01": "2026-03-30T04:00:00Z",
}


class Case(NamedTuple):
    kind: str
    story: Story
    """Of a customer whose company is still to be said."""
    waits_seconds: int
    """From the beginning of Monday until it opens."""


CASES = {
    case.kind: case
    for case in (
        Case(
            "activation_stalled",
            (activation_stalled.account(2, "active"), activation_stalled.subscription(BEFORE, starts_on=MONDAY)),
            SLA_SECONDS,
        ),
        # Due on Thursday; three days are waited for, and then it is Monday.
        Case(
            "delinquency_unpropagated",
            (
                delinquency_unpropagated.account(2, delinquent=False),
                delinquency_unpropagated.invoice(BEFORE, due_on="2026-03-26"),
            ),
            SLA_SECONDS,
        ),
        # Being set up may take four hours.
        Case(
            "process_state_disagreement",
            (
                process_state_disagreement.PROSPECT,
                process_state_disagreement.deal(BEFORE),
                process_state_disagreement.subscription(BEFORE, "pending_activation", starts_on=MONDAY),
            ),
            4 * 3600 + SLA_SECONDS,
        ),
    )
}


def served_by(code: str, story: Story) -> Story:
    return tuple(_served(code, one) if one.entity == "customer" else one for one in story)


def _served(code: str, one: Change) -> Change:
    return one._replace(attributes={**(one.attributes or {}), "legal_entity": code})


def play(case: Case, code: str) -> Play:
    return play_of(case.kind, served_by(code, case.story))


def opened(played: Play) -> list[str]:
    """In these days: the customer of some stories is not in order before."""
    return [iso(drift["opened_at"]) for drift in played.drifts() if drift["opened_at"] > BEFORE * SECOND]


def opens_at(case: Case, code: str) -> Instant:
    return from_datetime(datetime.fromisoformat(MONDAY_BEGINS[code])) + seconds(case.waits_seconds)


@pytest.mark.parametrize("code", MONDAY_BEGINS)
@pytest.mark.parametrize("kind", CASES)
def test_it_opens_by_the_local_day(kind: str, code: str) -> None:
    played, expected = play(CASES[kind], code), opens_at(CASES[kind], code)
    played.heard(expected / SECOND - 0.001).run()
    assert opened(played) == []

    played.heard(expected / SECOND + 1).run()

    assert opened(played) == [iso(expected)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", CASES)
def test_any_order_gives_the_same_day_though_the_company_changes(kind: str, seed: int) -> None:
    case = CASES[kind]
    first = next(one for one in case.story if one.entity == "customer")
    moved = _served("US01", first._replace(at=BEFORE + 3600))

    def moving() -> Play:
        return play_of(kind, (*served_by("DE01", case.story), moved)).heard(opens_at(case, "US01") / SECOND + 1)

    expected = moving().run()
    assert opened(expected) == [iso(opens_at(case, "US01"))]

    shuffled = moving().run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)

    assert shuffled.lives() == expected.lives()


def test_what_a_document_says_of_its_company_comes_first() -> None:
    case = CASES["activation_stalled"]
    sold = change(
        BEFORE, "billing", "subscription", "S",
        number="SUB-1", status="pending_activation", starts_on=MONDAY, legal_entity="US01",
    )  # fmt: skip
    played = play_of(case.kind, (*served_by("DE01", case.story[:1]), sold))

    played.heard(opens_at(case, "US01") / SECOND + 1).run()

    assert opened(played) == [iso(opens_at(case, "US01"))]
