"""The customer's conditions: True once an obligation was answered and while nothing is open, whatever is told first."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import SECOND
from streams.judge.keys import is_obligation, process_key
from tests.dossiers.customer_attribute_divergence import erp
from tests.dossiers.model import Change, Story, change, company, deletion
from tests.dossiers.stage import Play
from tests.unit.test_announced import (
    DOSSIER,
    DUE_AT,
    agrees,
    differs,
    diverged,
    invoice,
    played,
    posting,
    process,
)

IN_TIME = 8
UNKNOWN = ("Unknown", "NothingSettledYet", None)


def posted(number: int, invoiced: float, at: float | None) -> Story:
    """An invoice and, if it is given when, its posting."""
    name = f"INV-{number}"
    billed = change(invoiced, "billing", "invoice", f"I{number}", number=name, status="posted", total="1.00 EUR")
    told = {"document_type": "invoice", "document_ref": name, "status": "posted"}
    return (billed,) if at is None else (billed, change(at, "erp", "ledger_posting", f"L{number}", **told))


def condition(play: Play, name: str = "InvoicesPosted") -> tuple[str, str, float | None]:
    (found,) = [c for c in process(play)["conditions"] if c["type"] == name]
    since = found["last_transition_at"]
    return found["status"], found["reason"], None if since is None else since / SECOND


def held(since: float) -> tuple[str, str, float]:
    return "True", "AsExpected", since


def violated(since: float) -> tuple[str, str, float]:
    return "False", "InvoiceNotPosted", since


def times_told(play: Play) -> int:
    return sum(w.record == "ProcessState" for w in play.driver.written[topics.CORRECTED_STATE])


def test_what_was_answered_in_time_makes_it_true_once_that_is_decided() -> None:
    play = played(invoice(), posting(IN_TIME), until=DUE_AT - 1)
    assert condition(play) == UNKNOWN

    assert condition(play.heard(DUE_AT).run()) == held(DUE_AT)


def test_it_is_false_while_one_is_open_however_many_were_answered() -> None:
    play = played(posted(1, 3, 5), posted(2, 10, 40), posted(3, 12, 15), until=30)
    assert condition(play) == violated(20)

    assert condition(play.heard(50).run()) == held(40)


def test_what_is_demanded_and_not_due_says_nothing_and_nor_does_what_is_not_demanded_any_more() -> None:
    voided = change(9, "billing", "invoice", "I", number="INV-7", status="voided", total="119.00 EUR")

    assert condition(played(invoice(), (voided,))) == UNKNOWN


def test_of_many_that_were_answered_the_first_is_told_and_the_others_are_no_news() -> None:
    story = [posted(number, 3 + number, 5 + number) for number in range(5)]
    play = played(*story, until=11)
    before = times_told(play)

    for until in range(12, 30):
        play.heard(until).run()

    assert condition(play) == held(DUE_AT)
    assert times_told(play) == before + 1


def test_the_baseline_says_nothing_of_it() -> None:
    play = Play(DOSSIER)
    play.tell((*company(DOSSIER.linked), *posted(1, 3, 5)), snapshot=True)
    play.heard(DOSSIER.ends).run()

    assert condition(play) == UNKNOWN


def test_a_mismatch_that_was_put_right_in_time_makes_it_true_and_what_always_agreed_nothing() -> None:
    name = "CustomerAttributesAgree"
    assert condition(diverged(agrees(5), agrees(9)), name) == UNKNOWN
    assert condition(diverged(differs(5), agrees(9)), name) == held(9)
    assert condition(diverged(differs(5), agrees(20)), name) == held(20)


def test_a_mismatch_that_late_evidence_shows_was_put_right_at_another_time_was_so_then() -> None:
    sooner = diverged(differs(5), agrees(9))
    sooner.tell((erp(7, tax_id="DE000"), erp(9)))
    assert condition(sooner.run().heard(900).run(), "CustomerAttributesAgree") == held(7)


LATE = 60
GONE: Change = deletion(9, "billing", "invoice", "I1")
NEVER_POSTED: Change = deletion(9, "erp", "ledger_posting", "L1")


def late(one: Change, *stories: Story) -> Play:
    """Heard of only after all was decided."""
    play = played(*stories, until=LATE)
    play.tell((one,))
    return play.heard(LATE + 40).run()


def test_what_late_evidence_took_back_was_never_answered() -> None:
    assert condition(late(GONE, posted(1, 3, 5))) == UNKNOWN


def test_what_else_was_answered_stays_so() -> None:
    assert condition(late(GONE, posted(1, 3, 5), posted(2, 20, 25), posted(3, 30, 32))) == held(30)
    assert condition(late(deletion(22, "billing", "invoice", "I2"), posted(1, 3, 5), posted(2, 20, 25))) == held(13)


def test_what_late_evidence_shows_was_not_answered_is_open() -> None:
    assert condition(late(NEVER_POSTED, posted(1, 3, 5), posted(2, 20, 25))) == violated(13)


def test_what_late_evidence_shows_was_answered_when_it_was_due_is_true_since_then() -> None:
    play = played(posted(1, 3, None), until=LATE)
    assert condition(play) == violated(13)

    play.tell(posted(1, 3, 5)[1:])

    assert condition(play.heard(LATE + 40).run()) == held(13)


@pytest.mark.parametrize("turned", [None, ["True", "AsExpected", 4], ["False", "InvoiceNotPosted", 4]])
def test_what_an_earlier_release_kept_stands_until_the_next_is_settled(turned: list[Any] | None) -> None:
    play = played(posted(1, 3, 5), posted(2, 30, 31), until=20)
    for partition in range(play.governance.partitions):
        saved = play.driver.saved("judge", partition)
        kept = {key: _of_before(key, value, turned) for key, value in saved.state.items()}
        play.driver.restore(saved._replace(state=kept))

    play.tell((change(35, "crm", "opportunity", "O", stage="won"),))
    play.heard(36).run()
    before = UNKNOWN if turned is None else (turned[0], turned[1], 4 / SECOND)
    assert condition(play) == before

    play.heard(60).run()
    assert condition(play) == (held(40) if turned is None else before)


def _of_before(key: str, value: Any, turned: list[Any] | None) -> Any:
    if is_obligation(key) or "conditions" not in value:
        return value
    conditions = {} if turned is None else {"InvoicesPosted": turned}
    opened = {DOSSIER.kind: 1} if turned and turned[0] == "False" else {}
    return {name: v for name, v in value.items() if name != "met"} | {"conditions": conditions, "open": opened}


def test_one_instant_a_condition_is_kept() -> None:
    play = played(posted(1, 3, 5))

    states = [play.driver.saved("judge", partition).state for partition in range(play.governance.partitions)]
    (kept,) = [state[process_key("crm:A")] for state in states if process_key("crm:A") in state]
    assert kept["met"] == {"InvoicesPosted": DUE_AT * SECOND}


@given(
    lives=st.lists(st.tuples(st.integers(3, 40), st.none() | st.integers(1, 25)), min_size=1, max_size=6),
    seed=st.integers(0, 2**32),
)
def test_it_holds_since_the_last_was_put_right_or_the_first_was_answered_in_any_order(
    lives: list[tuple[int, int | None]], seed: int
) -> None:
    story = tuple(
        c for number, (at, lasts) in enumerate(lives) for c in posted(number, at, None if lasts is None else at + lasts)
    )
    play = Play(DOSSIER).told(story).heard(DOSSIER.ends)
    play.run_in_any_order(random.Random(seed), duplicates=0.1, crashes=0.05)

    assert condition(play) == _expected(lives)


def _expected(lives: list[tuple[int, int | None]]) -> tuple[str, str, float | None]:
    """By the second, from the beginning on."""
    spans = [(at + 10, None if lasts is None else at + lasts) for at, lasts in lives]
    standing = UNKNOWN
    for now in range(1, 100):
        is_open = any(due <= now and (posted is None or posted > now) for due, posted in spans)
        is_settled = any(due <= now for due, _ in spans)
        status = violated(now) if is_open else held(now) if is_settled else UNKNOWN
        standing = standing if status[0] == standing[0] else status
    return standing
