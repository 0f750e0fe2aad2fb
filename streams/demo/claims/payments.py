"""Kinds 11, 13 and 15: money that came in or went back, and who must know of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import EVER, Claim, Wrong, money, there
from streams.demo.journal import History, Record
from streams.demo.obligations import as_amount

_CENT = Decimal("0.01")


class _Shown(NamedTuple):
    """Where an invoice is shown, and in which columns."""

    kind: str
    system: str
    number: str
    status: str
    payment_status: str
    total: str


_BILLING = _Shown(further.PAYMENT_UNPROPAGATED, "billing", "number", "status", "payment_status", "total_amount")
_CRM = _Shown(further.NOT_SHOWN, "crm", "Number__c", "Status__c", "Payment_Status__c", "Amount__c")


def payment_status_unpropagated(history: History) -> Iterator[Claim]:
    return _not_told(history, _BILLING)


def payment_status_not_shown(history: History) -> Iterator[Claim]:
    return _not_told(history, _CRM)


def _not_told(history: History, shown: _Shown) -> Iterator[Claim]:
    """No invoice of the demo is paid in parts or twice: whatever reports its payment first makes it paid."""
    for invoice in history.records(shown.system, "invoice"):
        first = _first_report(history, str(invoice.versions[0].values[shown.number]))
        if first is None:
            continue
        received, report = first

        def wrong(instant: Instant, invoice: Record = invoice, report: Record = report) -> Wrong | None:
            if invoice.value(shown.status, instant) not in ("Posted", "Paid") or not there([report], instant):
                return None
            due, amount = money(invoice, shown.total, instant)[0], money(report, "amount", instant)
            told = invoice.value(shown.payment_status, instant) == "Paid"
            return None if told or amount[0] < due - _CENT else Wrong(report.system, (report, invoice), *amount)

        yield Claim(shown.kind, invoice, wrong, received)


def _first_report(history: History, number: str) -> tuple[Instant, Record] | None:
    """By the processor that settled it, or by the ERP that applied it."""
    settled = there(history.records("processor", "payment"), EVER, invoice_number=number, status="succeeded")
    applied = there(history.records("erp", "cash_application"), EVER, invoice_number=number)
    reports = [(_succeeded(p), p) for p in settled] + [(a.times[0], a) for a in applied]
    return min(reports, key=lambda found: (found[0], found[1].native_id), default=None)


def _succeeded(record: Record) -> Instant:
    at = record.first_time(lambda values: values["status"] == "succeeded")
    assert at is not None
    return at


def payment_unmatched(history: History) -> Iterator[Claim]:
    for payment in there(history.records("processor", "payment"), EVER, status="succeeded"):

        def wrong(instant: Instant, payment: Record = payment) -> Wrong | None:
            applied = there(history.records("erp", "cash_application"), instant, payment_reference=payment.native_id)
            paid, currency = money(payment, "amount", instant)
            left = paid - sum((as_amount(a.value("amount", instant)) for a in applied), Decimal(0))
            return Wrong("erp", (payment, *applied), left, currency) if left > _CENT else None

        yield Claim(further.UNMATCHED, payment, wrong, _succeeded(payment))


def refund_unpropagated(history: History) -> Iterator[Claim]:
    for refund in there(history.records("processor", "refund"), EVER, status="succeeded"):

        def wrong(instant: Instant, refund: Record = refund) -> Wrong | None:
            posted = _posted(history, refund, instant)
            in_the_ledger = bool(posted)
            if in_the_ledger and _known_to_billing(history, refund, instant):
                return None
            owner = "billing" if in_the_ledger else "erp"
            return Wrong(owner, (refund, *posted), *money(refund, "amount", instant))

        yield Claim(further.REFUND_UNPROPAGATED, refund, wrong, _succeeded(refund))


def _posted(history: History, refund: Record, instant: Instant) -> list[Record]:
    """No refund of the demo is posted over another amount."""
    wanted = {"document_number": refund.native_id, "document_type": "refund", "status": "Posted"}
    return there(history.records("erp", "ledger_posting"), instant, **wanted)


def _known_to_billing(history: History, refund: Record, instant: Instant) -> bool:
    """As a refund, or as a credit memo that covers it."""
    if there(history.records("billing", "refund"), instant, processor_reference=refund.native_id):
        return True
    number, given = refund.value("invoice_number", instant), as_amount(refund.value("amount", instant))
    memos = there(history.records("billing", "credit_memo"), instant, invoice_number=number, status="Posted")
    return sum((as_amount(m.value("total_amount", instant)) for m in memos), Decimal(0)) >= given - _CENT
