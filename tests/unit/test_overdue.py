"""Which invoices are overdue, since when, and with how much left to pay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.instants import ALWAYS, SECOND
from streams.governance.model import Governance
from streams.kinds.overdue import overdue, owed_in_all, payment_status_is_read
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import found, looking, record

DAY = 24 * 60 * 60 * SECOND
DUE_ON, DUE_DAY = "1970-01-05", 4
KIND = "delinquency_unpropagated"


def waiting(days: int = 0) -> Governance:
    base = five_systems()
    rules = base.kinds[KIND].model_copy(update={"after_days": days, "tolerance_absolute": Decimal("0.01")})
    return base.model_copy(update={"kinds": {**base.kinds, KIND: rules}})


def invoice(native_id: str = "I", on: float = 1, **told: Any) -> Change:
    stated = {"number": f"N-{native_id}", "status": "posted", "payment_status": "open", "total": "100.00 EUR"}
    return record("billing", "invoice", native_id, on * DAY, **{**stated, "due_on": DUE_ON, **told})


def applied(total: str | None, status: str = "applied", of: str = "N-I") -> Change:
    return record("erp", "cash_application", "X", DAY, invoice_ref=of, total=total, status=status)


def credited(total: str | None, status: str = "posted", of: str = "N-I", number: str | None = None) -> Change:
    return record("erp", "credit_memo", "M", DAY, number=number, invoice_ref=of, total=total, status=status)


def billed_credit(total: str, number: str | None, status: str = "posted") -> Change:
    return record("billing", "credit_memo", "N", DAY, number=number, invoice_ref="N-I", total=total, status=status)


class Seen:
    """On a day, as the predicates of the customer's account see it."""

    def __init__(self, day: float, *records: Change, days: int = 0) -> None:
        self.now = looking(waiting(days), round(day * DAY), record("crm", "customer", "A"), *records)
        self.found = overdue(self.now, KIND, found(self.now, "crm", "customer", "A"))

    @property
    def names(self) -> str:
        return " ".join(o.invoice.native_id for o in self.found)

    @property
    def again(self) -> float | None:
        return None if self.now.next_change == ALWAYS else self.now.next_change / DAY


@pytest.mark.parametrize(
    ("day", "days", "on", "names", "again"),
    [
        (DUE_DAY + 0.9, 0, 1, "", DUE_DAY + 1),
        (DUE_DAY + 1, 0, 1, "I", None),  # the very instant at which the day after it begins
        (DUE_DAY + 3.9, 3, 1, "", DUE_DAY + 4),
        (DUE_DAY + 4, 3, 1, "I", None),
        (20, 0, 15, "I", None),
    ],
)
def test_an_invoice_is_overdue_when_the_day_it_was_due_and_those_waited_for_are_over(
    day: float, days: int, on: float, names: str, again: float | None
) -> None:
    seen = Seen(day, invoice(on=on), days=days)

    assert (seen.names, seen.again) == (names, again)
    assert [o.begins for o in seen.found] == [round(max(DUE_DAY + 1 + days, on) * DAY)] * len(seen.found)


@pytest.mark.parametrize(
    ("payment_status", "names"),
    [("open", "I"), ("partially_paid", "I"), ("failed", "I"), ("pending", ""), ("paid", ""), (None, "")],
)
def test_what_is_paid_or_under_way_is_not_owed(payment_status: str | None, names: str) -> None:
    assert Seen(9, invoice(payment_status=payment_status)).names == names


@pytest.mark.parametrize(
    ("records", "balance"),
    [
        ((), "100.00"),
        ((applied("40.00 EUR"),), "60.00"),
        ((applied("-40.00 EUR"),), "60.00"),
        ((applied("40.00 EUR", "reversed"),), "100.00"),
        ((applied("40.00 USD"),), "100.00"),
        ((applied(None),), "100.00"),
        ((applied("40.00 EUR", of="N-J"),), "100.00"),
        ((credited("30.00 EUR"),), "70.00"),
        ((credited("-30.00 EUR"),), "70.00"),
        ((credited("30.00 EUR", "draft"),), "100.00"),
        ((credited("30.00 USD"),), "100.00"),
        ((applied("40.00 EUR"), credited("30.00 EUR")), "30.00"),
        ((billed_credit("30.00 EUR", "C-1"),), "70.00"),
        ((billed_credit("30.00 EUR", "C-1", "draft"),), "100.00"),
        ((billed_credit("30.00 EUR", "C-1"), credited("20.00 EUR", number="C-2")), "50.00"),
        ((billed_credit("30.00 EUR", "C-1"), credited("30.00 EUR", number="C-1")), "70.00"),
        ((billed_credit("30.00 EUR", "C-1"), credited("30.00 EUR", "draft", number="C-1")), "70.00"),
        # The ERP owns it.
        ((billed_credit("30.00 EUR", "C-1"), credited("30.00 EUR", "voided", number="C-1")), "100.00"),
        ((billed_credit("30.00 EUR", None), credited("20.00 EUR", number="C-1")), "80.00"),
        ((billed_credit("30.00 EUR", "C-1"), credited("20.00 EUR")), "80.00"),
        ((applied("99.98 EUR"),), "0.02"),
        ((applied("99.99 EUR"),), None),  # within the tolerance
        ((applied("120.00 EUR"),), None),
    ],
)
def test_what_was_applied_or_credited_is_not_owed_any_more(records: tuple[Change, ...], balance: str | None) -> None:
    assert [str(o.balance) for o in Seen(9, invoice(), *records).found] == ([balance] if balance else [])


@pytest.mark.parametrize(
    ("paid", "balance"), [("50.00 EUR", "50.00"), ("30.00 EUR", "60.00"), ("50.00 USD", "60.00"), (None, "60.00")]
)
def test_of_what_billing_and_the_erp_received_the_greater_counts(paid: str | None, balance: str) -> None:
    assert [str(o.balance) for o in Seen(9, invoice(paid=paid), applied("40.00 EUR")).found] == [balance]


@pytest.mark.parametrize("told", [{"due_on": None}, {"total": None}, {"status": "draft"}, {"status": "voided"}])
def test_without_day_or_amount_nothing_is_overdue(told: dict[str, Any]) -> None:
    assert Seen(9, invoice(**told), applied("40.00 EUR")).names == ""


def test_what_is_overdue_for_longest_comes_first_and_its_currency_is_summed() -> None:
    seen = Seen(9, invoice("K"), invoice("L", total="7.00 USD"), invoice("M", due_on="1970-01-03", total="5.00 EUR"),
                invoice("J", on=7), invoice("Z", due_on="1970-01-20"))  # fmt: skip

    assert (seen.names, seen.again) == ("M K L J", 20)
    assert owed_in_all(seen.found) == {"amount": "205", "currency": "EUR"}


def test_nobody_can_tell_what_is_owed_where_billing_does_not_say_it_of_invoices() -> None:
    base = five_systems()
    mapping = base.mappings["billing"]["invoice"]
    silent = {name: how for name, how in mapping.attributes.items() if name != "payment_status"}

    def mapped(**mappings: Any) -> Governance:
        return base.model_copy(update={"mappings": {**base.mappings, "billing": mappings}})

    assert payment_status_is_read(looking(mapped(i=mapping), 10))
    assert not payment_status_is_read(looking(mapped(i=mapping.model_copy(update={"attributes": silent})), 10))
    assert not payment_status_is_read(looking(mapped(o=mapping.model_copy(update={"entity": "order"})), 10))
    assert not payment_status_is_read(looking(mapped(), 10))
