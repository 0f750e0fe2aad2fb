"""Kind 12, both ways: what is overdue by the books is marked in the CRM, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from schemas.instants import Instant, from_datetime
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record
from streams.demo.steps import Native

_CENT = Decimal("0.01")
_BEFORE_DUNNING = timedelta(days=4)
"""The day after the invoice was due, and the three that are waited for."""


def delinquency_unshown(history: History) -> Iterator[Claim]:
    """No customer of the demo has a second invoice; none becomes overdue while it runs, so all are when posted."""
    for account in history.records("crm", "customer"):

        def wrong(instant: Instant, account: Record = account) -> Wrong | None:
            owed = _owed(history, instant)
            if not owed or account.value("Delinquent__c", instant):
                return None
            invoice, balance, currency = owed
            return Wrong("erp", (account, invoice), balance, currency)

        for invoice in history.records("billing", "invoice"):
            posted_at = invoice.first_time(lambda values: values["status"] in ("Posted", "Paid"))
            if posted_at is not None:
                yield Claim(further.DELINQUENCY_UNSHOWN, account, wrong, posted_at)


def delinquency_stays(history: History) -> Iterator[Claim]:
    for account in history.records("crm", "customer"):

        def wrong(instant: Instant, account: Record = account) -> Wrong | None:
            marked = account.value("Delinquent__c", instant)
            return Wrong("erp", (account,)) if marked and not _owed(history, instant) else None

        yield Claim(further.DELINQUENCY_STAYS, account, wrong)


def _owed(history: History, instant: Instant) -> tuple[Record, Decimal, str] | None:
    """The invoice that is overdue, and how much of it nobody has paid or credited."""
    for invoice in there(history.records("billing", "invoice"), instant, status="Posted", payment_status="Open"):
        number, due_on = invoice.value("number", instant), invoice.value("due_on", instant)
        assert isinstance(due_on, date)
        day = due_on + _BEFORE_DUNNING
        if from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC)) > instant:
            continue
        total, currency = money(invoice, "total_amount", instant)
        applied = there(history.records("erp", "cash_application"), instant, invoice_number=number)
        settled = [(a, "amount") for a in applied] + [(c, "total_amount") for c in credited(history, number, instant)]
        balance = total - sum((money(record, column, instant)[0] for record, column in settled), Decimal(0))
        if balance > _CENT:
            return invoice, balance, currency
    return None


def credited(history: History, invoice: Native, instant: Instant) -> list[Record]:
    """What billing alone has credited counts until the ERP has decided on it."""
    books = there(history.records("erp", "credit_memo"), instant, invoice_number=invoice)
    decided = {memo.value("number", instant) for memo in books if memo.value("status", instant) != "Draft"}
    billed = there(history.records("billing", "credit_memo"), instant, invoice_number=invoice, status="Posted")
    posted = there(books, instant, status="Posted")
    return [*posted, *(memo for memo in billed if memo.value("number", instant) not in decided)]
