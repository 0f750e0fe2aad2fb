"""Kinds 19, 21 and 45: what stands in the ledger for an invoice."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record
from streams.demo.steps import Native

_ROUNDING = Decimal("0.005")


class _Booked(NamedTuple):
    """The postings of one document number; no posting of the demo is ever marked as reversed itself."""

    originals: list[Record]
    reversals: list[Record]
    drafts: list[Record]

    @property
    def standing(self) -> int:
        return len(self.originals) - len(self.reversals)


def _booked(history: History, number: Native, instant: Instant) -> _Booked:
    of_number = there(history.records("erp", "ledger_posting"), instant, document_number=number)
    invoices = there(of_number, instant, document_type="invoice")
    posted = there(invoices, instant, status="Posted")
    reversals = there(of_number, instant, document_type="reversal", status="Posted")
    return _Booked(posted, reversals, [p for p in invoices if p not in posted])


def reversal_incomplete(history: History) -> Iterator[Claim]:
    for invoice in history.records("billing", "invoice"):
        number = invoice.versions[0].values["number"]

        def wrong(instant: Instant, invoice: Record = invoice, number: Native = number) -> Wrong | None:
            booked = _booked(history, number, instant)
            if invoice.value("status", instant) != "Voided" or booked.standing == 0:
                return None
            newest = _newest([*booked.originals, *booked.reversals, *booked.drafts], instant)
            return Wrong("erp", (invoice, *newest), *money(invoice, "total_amount", instant))

        voided_at = invoice.first_time(lambda values: values["status"] == "Voided")
        if voided_at is not None:
            yield Claim(further.REVERSAL_INCOMPLETE, invoice, wrong, voided_at)


def _newest(postings: list[Record], instant: Instant) -> list[Record]:
    return sorted(postings, key=lambda p: (max(at for at in p.times if at <= instant), p.native_id))[-1:]


def amount_mismatch(history: History) -> Iterator[Claim]:
    for invoice in history.records("billing", "invoice"):
        number = invoice.versions[0].values["number"]

        def wrong(instant: Instant, invoice: Record = invoice, number: Native = number) -> Wrong | None:
            booked = _booked(history, number, instant)
            if invoice.value("status", instant) not in ("Posted", "Paid") or booked.standing <= 0:
                return None
            total, currency = money(invoice, "total_amount", instant)
            given = sum((money(p, "amount", instant)[0] for p in booked.originals), Decimal(0))
            taken = sum((money(p, "amount", instant)[0] for p in booked.reversals), Decimal(0))
            off = abs(total - (given - taken))
            evidence = (invoice, *booked.originals, *booked.reversals)
            return Wrong("erp", evidence, off, currency) if off > _ROUNDING else None

        yield Claim(further.AMOUNT_MISMATCH, invoice, wrong)


def duplicate_document(history: History) -> Iterator[Claim]:
    """Of postings: billing lets no number be given twice."""
    for posting in history.records("erp", "ledger_posting"):
        first = posting.versions[0].values
        number, type_ = first["document_number"], first["document_type"]

        def wrong(
            instant: Instant, posting: Record = posting, number: Native = number, type_: Native = type_
        ) -> Wrong | None:
            booked = _booked(history, number, instant)
            live = sorted((p for p in _same(history, number, type_, instant) if _live_at(p)), key=_order)
            allowed = 1 + len(booked.reversals)
            if type_ == "reversal" or posting not in live[allowed:]:
                return None
            others = (p for p in live if p is not posting)
            return Wrong("erp", (posting, *others), *money(posting, "amount", instant))

        yield Claim(further.DUPLICATE_DOCUMENT, posting, wrong)


def _same(history: History, number: Native, type_: Native, instant: Instant) -> list[Record]:
    found = there(history.records("erp", "ledger_posting"), instant, document_number=number, document_type=type_)
    return [p for p in found if p.value("status", instant) in ("Posting", "Posted")]


def _live_at(posting: Record) -> Instant | None:
    return posting.first_time(lambda values: values["status"] in ("Posting", "Posted"))


def _order(posting: Record) -> tuple[Instant, str]:
    return _live_at(posting) or 0, posting.native_id
