"""What posts to the ledger is only proposed while the books of its company are not open for it, and where an invoiced
product has no account."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.governance.finance import Accounts
from streams.judge.commands import remedy, restrained
from streams.judge.posting import POSTS, POSTS_PRODUCTS
from streams.kinds.books import PRODUCTS
from streams.kinds.table import KINDS
from streams.look.pages import command
from streams.look.why import explain
from streams.targets import EXECUTORS
from tests.dossiers.invoice_amount_mismatch import DOSSIERS as MISMATCHES
from tests.dossiers.invoice_not_posted import posting
from tests.dossiers.model import Change, change
from tests.dossiers.stage import THE_END, Play, five_systems
from tests.unit.governed_company import account, invoice, invoice_view, play_of

TODAY, TOMORROW = ({"begins": day, "ends": day} for day in (date(1970, 1, 1), date(1970, 1, 2)))
"""In Berlin; the story is told in the first minute of the year in UTC."""


def books(code: str = "DE01", **decided: Any) -> dict[str, Any]:
    entities = five_systems().entities
    entity = entities[code].model_validate({**entities[code].model_dump(), **decided})
    return {"entities": {**entities, code: entity}}


def finance(*products: str) -> dict[str, Any]:
    mapped = {product: Accounts(revenue="4000") for product in products}
    return {"finance": five_systems().finance.model_copy(update={"product_to_gl": mapped})}


def line(at: float, product: str | None, id_: str = "1", invoice_ref: str = "I") -> Change:
    return change(at, "billing", "invoice_line", id_, invoice_ref=invoice_ref, product_code=product)


def played(*story: Change, top: Any, kind: str = "invoice_not_posted", code: str = "DE01", **rules: Any) -> Play:
    return play_of(kind, (account(2, legal_entity=code), *story), top=top, **rules).heard(THE_END).run()


def asked(play: Play) -> tuple[str, str]:
    """How the drift's command is asked for, and what keeps it from being performed."""
    (drift,) = play.drifts()
    (issued,) = [w.value for w in play.driver.written[topics.COMMANDS] if w.value]
    assert issued["mode"] == drift["mode"]
    return drift["mode"], drift["restraint"]


OPEN = ("execute", "")
BOOKS = {
    # what is governed: (by what, company of the customer, how it is asked for)
    "nothing": ({}, "DE01", OPEN),
    "a window that is open": (books(posting_window=TODAY), "DE01", OPEN),
    "a window that is not open yet": (books(posting_window=TOMORROW), "DE01", ("propose", "outside_posting_window")),
    "a window of another company": (books(posting_window=TOMORROW), "UK01", OPEN),
    "a freeze": (books(close_freezes=(TODAY,)), "DE01", ("propose", "books_closing")),
    "a freeze to come": (books(close_freezes=(TOMORROW,)), "DE01", OPEN),
    "a freeze of another company": (books(close_freezes=(TODAY,)), "UK01", OPEN),
    "the freeze of a customer of no company": (books(close_freezes=(TODAY,)), "XX99", OPEN),
}


@pytest.mark.parametrize("what", BOOKS)
def test_an_invoice_is_posted_while_the_books_are_open(what: str) -> None:
    top, code, expected = BOOKS[what]

    assert asked(played(invoice(3), top=top, code=code)) == expected


def test_the_books_are_those_of_the_company_that_the_document_names() -> None:
    british = change(3, "billing", "invoice", "I", number="INV-7", status="posted", total="9 GBP", legal_entity="UK01")
    closed = ("propose", "outside_posting_window")

    assert asked(played(british, top=books(posting_window=TOMORROW))) == OPEN
    assert asked(played(british, top=books("UK01", posting_window=TOMORROW))) == closed


def test_a_day_is_that_of_the_company() -> None:
    before_midnight = 23 * 3600 - 20  # in Berlin
    for due, expected in ((before_midnight, ("propose", "outside_posting_window")), (before_midnight + 20, OPEN)):
        play = play_of("invoice_not_posted", (account(2, legal_entity="DE01"), invoice(due - 10)),
                       top=books(posting_window=TOMORROW))  # fmt: skip
        assert asked(play.heard(due + 1).run()) == expected


def test_what_does_not_post_is_not_kept_back_by_a_window() -> None:
    play = played(change(3, "crm", "opportunity", "O", name="Acme", stage="won", order_managed=True, value="9 EUR"),
                  kind="won_without_erp_order", top=books(posting_window=TOMORROW))  # fmt: skip

    assert asked(play) == OPEN


MIDNIGHT = 23 * 3600
"""In Berlin, seconds in UTC."""
YESTERDAY = {"begins": date(1969, 12, 1), "ends": date(1969, 12, 31)}
SHUT = {
    # what is governed: (by what, whether its command is asked for once more at midnight)
    "a window that opens": (books(posting_window=TOMORROW), True),
    "a freeze that ends": (books(close_freezes=(TODAY,)), True),
    "a freeze that ends as the window opens": (books(posting_window=TOMORROW, close_freezes=(TODAY,)), True),
    "a freeze that goes on in another": (books(close_freezes=(TODAY, TOMORROW)), False),
    "a window that opens into a freeze": (books(posting_window=TOMORROW, close_freezes=(TOMORROW,)), False),
    "a window that is over": (books(posting_window=YESTERDAY), False),
    "a freeze for good": (books(close_freezes=({**TODAY, "ends": date.max},)), False),
}


def asked_over_time(top: Any, *story: Change, until: float = MIDNIGHT + 60) -> list[tuple[str, str, float | None]]:
    """How the drift stands, each time that it is told."""
    play = play_of("invoice_not_posted", (account(2, legal_entity="DE01"), invoice(3), *story), top=top)
    play.heard(until).run()
    told = [w.value for w in play.driver.written[topics.DRIFTS] if w.value and w.value["status"] == "open"]
    commands = [w.value["mode"] for w in play.driver.written[topics.COMMANDS] if w.value]
    assert commands == [drift["mode"] for drift in told]
    return [(d["mode"], d["restraint"], d["released_at"] and d["released_at"] / SECOND) for d in told]


@pytest.mark.parametrize("what", SHUT)
def test_what_waited_for_the_books_is_performed_from_the_first_instant_on_at_which_they_are_open(what: str) -> None:
    top, opens = SHUT[what]
    (mode, restraint, _), *later = asked_over_time(top)

    assert (mode, bool(restraint)) == ("propose", True)
    assert later == ([("execute", "", float(MIDNIGHT))] if opens else [])


def test_what_was_posted_before_the_books_opened_is_not_asked_for_again() -> None:
    by_hand = posting(MIDNIGHT - 60)

    assert asked_over_time(books(posting_window=TOMORROW), by_hand) == [("propose", "outside_posting_window", None)]


@pytest.mark.parametrize("seed", range(8))
def test_when_the_books_open_is_the_same_in_any_order_and_after_crashes(seed: int) -> None:
    story = (account(2, legal_entity="DE01"), invoice(3), change(30, "crm", "customer", "A", name="Acme"))
    play = play_of("invoice_not_posted", story, top=books(close_freezes=(TODAY,)))
    play.heard(MIDNIGHT + 60).run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)

    (drift,) = play.drifts()
    assert (drift["mode"], drift["restraint"], drift["released_at"]) == ("execute", "", MIDNIGHT * SECOND)


PRODUCTS_OF = {
    # what is invoiced: (lines, products that have accounts, how it is asked for)
    "nothing that is known": ((), (), OPEN),
    "a product with accounts": ((line(3, "A-1"),), ("A-1",), OPEN),
    "any product has accounts": ((line(3, "A-1"),), ("*",), OPEN),
    "no product is named": ((line(3, None),), (), OPEN),
    "a product without": ((line(3, "A-1"), line(3, "B_2", "2")), ("A-1",), ("propose", "unmapped_product: B_2")),
    "several without": (
        (line(3, "B_2"), line(3, "A-1", "2"), line(3, "A-1", "3")), ("C",), ("propose", "unmapped_product: A-1, B_2"),
    ),
    "of another invoice": (
        (change(3, "billing", "invoice", "J", status="draft"), line(3, "A-1", invoice_ref="J")), (), OPEN,
    ),
    "mapped as of then": ((line(3, "A-1"), line(12, "C")), ("C",), OPEN),
}  # fmt: skip


@pytest.mark.parametrize("what", PRODUCTS_OF)
def test_an_invoice_is_posted_where_every_product_has_its_accounts(what: str) -> None:
    lines, mapped, expected = PRODUCTS_OF[what]

    assert asked(played(invoice(3), *lines, top=finance(*mapped))) == expected


def test_an_invoice_is_not_posted_anew_without_accounts_either() -> None:
    mismatch = MISMATCHES[0]
    native_id = next(c.native_id for c in mismatch.story if c.entity == "invoice")
    play = played(*mismatch.story, line(3, "A-1", invoice_ref=native_id), top=finance(), kind=mismatch.kind)

    assert asked(play) == ("propose", "unmapped_product: A-1")


def test_the_missing_original_of_a_reversal_needs_accounts_and_the_reversal_none() -> None:
    voided = (invoice(3), invoice(5, "voided"))
    original_missing = (*voided, posting(4, type_="reversal", native_id="R"), line(3, "A-1"))
    reversal_missing = (*voided, posting(4), line(3, "A-1"))

    assert [asked(played(*story, top=finance(), kind="reversal_incomplete")) for story in (
        original_missing, reversal_missing)] == [("propose", "unmapped_product: A-1"), OPEN]  # fmt: skip


@pytest.mark.parametrize(("stated", "expected"), [(("B_2",), ["propose", "execute"]), (("C",), ["propose"])])
def test_it_is_performed_from_where_the_accounts_of_its_products_are_stated(
    stated: tuple[str, ...], expected: list[str]
) -> None:
    play = play_of("invoice_not_posted", (account(2), invoice(3), line(3, "B_2")), top=finance("A-1")).heard(19)
    play.driver.publish(play.governance.model_copy(update=finance("A-1", *stated)), 20 * SECOND)
    play.heard(MIDNIGHT).run()

    assert [w.value["mode"] for w in play.driver.written[topics.COMMANDS] if w.value] == expected
    assert play.drifts()[0]["released_at"] == (20 * SECOND if len(expected) > 1 else None)


def test_it_is_said_which_product_and_what_to_do() -> None:
    play = played(invoice(3), line(3, "B_2"), top=finance())
    (drift,) = play.drifts()

    assert (restrained(drift), remedy(drift)) == (
        "unmapped product B_2", "state its accounts under product_to_gl in finance.yaml",
    )  # fmt: skip
    assert command(drift) == "propose: unmapped product B_2"
    said = [e.because for e in explain(invoice_view(play), play.governance, "crm:A", THE_END * SECOND)]
    assert sum("only proposed: unmapped product B_2 (state its accounts under" in text for text in said) == 1


def test_what_is_known_to_be_amiss_without_a_remedy_says_none() -> None:
    assert remedy({"restraint": "breaker"}) == remedy({"restraint": None}) == restrained({}) == ""


def test_kinds_whose_commands_post_products_find_them() -> None:
    posting_products = {k.name for k in KINDS if k.command in POSTS_PRODUCTS} | {"reversal_incomplete"}

    assert {k.name for k in KINDS if k.finds == PRODUCTS} == posting_products
    assert POSTS_PRODUCTS < POSTS


def test_nothing_that_posts_is_performed_without_people() -> None:
    assert POSTS.isdisjoint(EXECUTORS)
