"""Until when the books are not open for what posts to them, and which products lack an account, asked directly."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.instants import ALWAYS, Instant
from streams.governance.finance import Accounts
from streams.governance.model import Governance
from streams.judge.commands import RESTRAINTS, commanded
from streams.judge.obligation import Obligation
from streams.judge.posting import POSTS, POSTS_PRODUCTS, closing_until, shut_until, without_account
from streams.kinds.asof import AsOf
from streams.kinds.finding import Ask, Finding, Subject
from streams.kinds.table import BY_NAME, KINDS
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, looking, record, workspace
from tests.unit.test_governance_calendar import at

SUBJECT = Subject("billing", "invoice", "I")
MARCH = {"begins": date(2026, 3, 1), "ends": date(2026, 3, 31)}
FIRST_OF_MARCH, FIRST_OF_APRIL = at(2026, 2, 28, 23), at(2026, 3, 31, 22)
"""Midnight in Berlin."""
ACCOUNT = record("crm", "customer", "A", legal_entity="DE01")


def governed(**decided: Any) -> Governance:
    """Of the German company."""
    base = five_systems()
    entity = base.entities["DE01"].model_validate({**base.entities["DE01"].model_dump(), **decided})
    return base.model_copy(update={"entities": {**base.entities, "DE01": entity}, "derived": {}})


def invoice(native_id: str = "I", **told: Any) -> Change:
    return record("billing", "invoice", native_id, **told)


def asked_at(instant: Instant, *records: Change, **decided: Any) -> AsOf:
    return looking(governed(**decided), instant, ACCOUNT, *records)


@pytest.mark.parametrize(
    ("instant", "until"),
    [
        (FIRST_OF_MARCH - 1, FIRST_OF_MARCH),
        (FIRST_OF_MARCH, None),
        (FIRST_OF_APRIL - 1, None),
        (FIRST_OF_APRIL, ALWAYS),
    ],
)
def test_the_window_opens_with_its_first_day_and_is_over_for_good_after_its_last(
    instant: Instant, until: Instant | None
) -> None:
    assert shut_until(asked_at(instant, posting_window=MARCH), SUBJECT) == until


@pytest.mark.parametrize(
    ("instant", "until"),
    [
        (FIRST_OF_MARCH - 1, None),
        (FIRST_OF_MARCH, FIRST_OF_APRIL),
        (FIRST_OF_APRIL - 1, FIRST_OF_APRIL),
        (FIRST_OF_APRIL, None),
    ],
)
def test_books_are_being_closed_from_the_first_day_of_a_freeze_to_its_last(
    instant: Instant, until: Instant | None
) -> None:
    assert closing_until(asked_at(instant, close_freezes=(MARCH,)), SUBJECT) == until


@pytest.mark.parametrize("until", [shut_until, closing_until])
def test_it_is_asked_in_the_books_that_the_subject_names_else_in_those_of_the_customers_company(until: Any) -> None:
    shut = {"posting_window": MARCH} if until is shut_until else {"close_freezes": (MARCH,)}
    instant = at(2026, 2, 10) if until is shut_until else at(2026, 3, 10)
    british, german = invoice(legal_entity="UK01"), invoice()

    assert until(asked_at(instant, german, **shut), SUBJECT) is not None
    assert until(asked_at(instant, british, **shut), SUBJECT) is None
    assert until(looking(governed(**shut), instant, german), SUBJECT) is None
    assert until(looking(governed(**shut), instant, invoice(legal_entity="DE01")), SUBJECT) is not None
    assert until(asked_at(instant, invoice(legal_entity="XX99"), **shut), SUBJECT) is None
    assert until(asked_at(instant, **shut), SUBJECT) is not None


ENTRIES = {
    "erp.invoice.post", "erp.invoice.reverse", "erp.invoice.reverse_and_repost", "erp.credit_memo.post",
    "erp.refund.post", "erp.cash.apply",
}  # fmt: skip
"""What puts an amount into the ledger or takes it out again, as of the day on which that is done."""


def test_what_makes_an_entry_in_the_ledger_waits_for_the_window_and_nothing_else_does() -> None:
    assert ENTRIES == POSTS
    others = {kind.command for kind in KINDS if kind.command} - ENTRIES
    assert {"erp.customer.upsert", "erp.contract.update_value", "billing.credit_memo.create"} <= others


COMMANDS = sorted({kind.command for kind in KINDS if kind.command} | ENTRIES)


def kept_back(
    command: str, *records: Change, kind: str = "invoice_not_posted", asks: bool = True, **decided: Any
) -> str:
    """By what, in the middle of February."""
    ws = workspace(ACCOUNT, invoice(), *records)
    now = AsOf(ws, governed(**decided), CUSTOMER, at(2026, 2, 10))
    ask = Ask("erp", "ledger_posting", "N", {}, command=command) if asks else None
    finding = Finding(False, 3, "v3", "erp", "", "", (), ask=ask)
    drift = {"drift_id": "d", "system": "billing", "native_id": "I", "mode": "execute", "amount_at_stake": None}
    told = commanded(ws, now, BY_NAME[kind], Obligation("open"), finding, drift, [])
    assert (told["mode"] == "propose") is bool(told["restraint"])
    return str(told["restraint"])


@pytest.mark.parametrize("command", COMMANDS)
def test_while_books_are_closed_nothing_is_performed_in_the_erp_and_outside_the_window_nothing_is_entered(
    command: str,
) -> None:
    february = {"begins": date(2026, 2, 1), "ends": date(2026, 2, 28)}

    assert kept_back(command, close_freezes=(february,)) == ("books_closing" if command.startswith("erp.") else "")
    assert kept_back(command, posting_window=MARCH) == ("outside_posting_window" if command in ENTRIES else "")


def test_where_nothing_can_be_asked_for_yet_it_is_said_all_the_same_that_books_are_closed() -> None:
    assert kept_back("", asks=False, close_freezes=({"begins": date(2026, 2, 1), "ends": date(2026, 2, 28)},)) == (
        "books_closing"
    )


def test_what_enters_an_invoice_needs_accounts_for_its_products() -> None:
    assert {"erp.invoice.post", "erp.invoice.reverse_and_repost"} == POSTS_PRODUCTS


def line(product: str | None, native_id: str = "1", system: str = "billing", invoice_ref: str = "I") -> Change:
    return record(system, "invoice_line", native_id, customer="B", product_code=product, invoice_ref=invoice_ref)


def lacking(*lines: Change) -> list[str]:
    governance = governed()
    two = {"billing2": governance.systems["billing"]}
    known = {"finance": governance.finance.model_copy(update={"product_to_gl": {"A-1": Accounts(revenue="4000")}})}
    governance = governance.model_copy(update={"systems": {**governance.systems, **two}, **known})
    return without_account(looking(governance, 9, invoice(), *lines), SUBJECT)


def test_products_without_an_account_are_named_once_and_in_order() -> None:
    assert lacking(line("C"), line("A-1", "2"), line("B", "3"), line("C", "4"), line(None, "5")) == ["B", "C"]


def test_an_invoice_of_another_system_with_the_same_id_charges_for_others() -> None:
    assert lacking(line("B"), line("C", "2", system="billing2"), line("D", "3", invoice_ref="J")) == ["B"]


def test_what_is_no_invoice_charges_for_no_products() -> None:
    assert kept_back("erp.invoice.post", line("B")) == "unmapped_product: B"
    assert kept_back("erp.invoice.post", line("B"), kind="refund_unpropagated") == ""


def test_whatever_passes_by_itself_is_no_stop_that_somebody_ends() -> None:
    assert {r.name for r in RESTRAINTS if r.passes} == {
        "over_limit", "rejected_before", "oscillation", "books_closing", "outside_posting_window", "unmapped_product",
    }  # fmt: skip
