"""A correction is performed up to a governed amount at stake, and proposed above it."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.governance.kind import Segment
from streams.judge.commands import remedy
from streams.look.pages import command
from tests.dossiers.stage import THE_END, Play
from tests.dossiers.table import dossier_of
from tests.unit.governance_folder import folder_of, problem_of
from tests.unit.governed_company import account, company, invoice, play_of
from tests.unit.test_governance_in_band import with_rules

KIND = "invoice_not_posted"
PERFORMED, PROPOSED = ("execute", ""), ("propose", "over_limit")


def limits(**by_currency: str) -> dict[str, Decimal]:
    return {currency: Decimal(amount) for currency, amount in by_currency.items()}


def asked(play: Play) -> list[tuple[str, str]]:
    """How each command was asked for, and what kept it from being performed."""
    told = [w.value for w in play.driver.written[topics.DRIFTS] if w.value and w.value["status"] == "open"]
    commands = [w.value["mode"] for w in play.driver.written[topics.COMMANDS] if w.value]
    assert commands == [drift["mode"] for drift in told]
    return [(drift["mode"], drift["restraint"]) for drift in told]


LIMITED = {
    # what is governed: (limits, total of the invoice, how its posting is asked for)
    "no limit": (None, "119.00 EUR", PERFORMED),
    "up to more": (limits(EUR="120"), "119.00 EUR", PERFORMED),
    "up to as much": (limits(EUR="119"), "119.00 EUR", PERFORMED),
    "up to less": (limits(EUR="118.99"), "119.00 EUR", PROPOSED),
    "a credit note counts by its size": (limits(EUR="118.99"), "-119.00 EUR", PROPOSED),
    "another currency": (limits(USD="1000"), "119.00 EUR", PROPOSED),
    "several currencies": (limits(USD="1", EUR="1000"), "119.00 EUR", PERFORMED),
    "nothing at all": (limits(), "119.00 EUR", PROPOSED),
}


@pytest.mark.parametrize("what", LIMITED)
def test_what_is_at_stake_decides_whether_it_is_performed(what: str) -> None:
    governed, total, expected = LIMITED[what]

    assert asked(company((invoice(3, total=total),), execute_up_to=governed).heard(THE_END).run()) == [expected]


def test_a_segment_has_a_limit_of_its_own() -> None:
    segments = {"small": Segment(execute_up_to=limits(EUR="100"))}
    story = (account(2, segment="small"), invoice(3))

    play = company(story, top={"segments": ("small",)}, execute_up_to=limits(EUR="1000"), segments=segments)

    assert asked(play.heard(THE_END).run()) == [PROPOSED]


def test_it_is_said_what_keeps_it_back_and_what_to_do() -> None:
    (drift,) = company((invoice(3),), execute_up_to=limits(EUR="100")).heard(THE_END).run().drifts()

    assert command(drift) == "propose: over limit"
    assert remedy(drift) == "`driftwise approve`, or raise execute_up_to in kinds.yaml"


def republished(raised: dict[str, Decimal] | None, seed: int | None = None) -> Play:
    """Opened at 13; other limits are in force from 20 on."""
    play = company((invoice(3),), execute_up_to=limits(EUR="100"))
    play.heard(19)
    play.driver.publish(with_rules(play.governance, KIND, execute_up_to=raised), 20 * SECOND)
    play.heard(THE_END)
    return play.run() if seed is None else play.run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)


@pytest.mark.parametrize("raised", [None, limits(EUR="119")])
def test_it_is_performed_from_where_the_limit_was_raised(raised: dict[str, Decimal] | None) -> None:
    play = republished(raised)

    assert asked(play) == [PROPOSED, PERFORMED]
    assert play.drifts()[0]["released_at"] == 20 * SECOND


def test_a_limit_that_is_raised_too_little_changes_nothing() -> None:
    assert asked(republished(limits(EUR="118"))) == [PROPOSED]


@pytest.mark.parametrize("seed", range(6))
def test_when_it_is_performed_is_the_same_in_any_order_and_after_crashes(seed: int) -> None:
    (drift,) = republished(limits(EUR="119"), seed).drifts()

    assert ((drift["mode"], drift["restraint"]), drift["released_at"]) == (PERFORMED, 20 * SECOND)


@pytest.mark.parametrize(
    ("governed", "said"), [("{eur: 1}", "eur"), ("{EUR: -1}", "greater than or equal to 0"), ("{EUR: lots}", "EUR")]
)
def test_a_limit_is_an_amount_of_a_currency(tmp_path: Path, governed: str, said: str) -> None:
    problem = problem_of(folder_of(tmp_path, kinds=f"{KIND}: {{execute_up_to: {governed}}}"))

    assert said in problem
    assert "execute_up_to" in problem


def test_where_no_amount_is_known_a_limit_leaves_the_decision_to_people() -> None:
    unpriced = "external_id_writeback_missing"
    play = play_of(unpriced, dossier_of(unpriced).story, execute_up_to=limits(EUR="1000")).heard(THE_END).run()

    assert asked(play) == [PROPOSED]
    assert play.drifts()[0]["amount_at_stake"] is None
