"""Kinds 19, 21, 25 and 45: what stands in the ledger for an invoice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


def _standing(booked: _Booked, column: str, instant: Instant) -> Decimal:
    """What is left of a column once reversals are taken off."""
    given, taken = (sum((money(p, column, instant)[0] for p in side), Decimal(0)) for side in booked[:2])
    return given - taken


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
            pairs = (("total_amount", "amount"), ("tax_amount", "tax_amount"))
            off = max(
                abs(money(invoice, ours, instant)[0] - _standing(booked, theirs, instant)) for ours, theirs in pairs
            )
            currency = money(invoice, "total_amount", instant)[1]
            evidence = (invoice, *booked.originals, *booked.reversals)
            return Wrong("erp", evidence, off, currency) if off > _ROUNDING else None

        yield Claim(further.AMOUNT_MISMATCH, invoice, wrong)


def taxed_otherwise(history: History) -> Iterator[Claim]:
    for invoice in history.records("billing", "invoice"):
        issued_at = invoice.first_time(_issued)
        if issued_at is None:
            continue

        def wrong(instant: Instant, invoice: Record = invoice, issued_at: Instant = issued_at) -> Wrong | None:
            version = invoice.as_of(instant)
            if version is None or not _issued(version.values):
                return None
            booked = _booked(history, invoice.value("number", instant), instant)
            accounts = [a for a in there(history.records("crm", "customer"), instant) if _lives(a, issued_at, instant)]
            at_stake = max(_other_tax(invoice, booked, instant), _other_region(invoice, accounts, instant))
            if not at_stake:
                return None
            postings = (*booked.originals, *booked.reversals) if booked.standing > 0 else ()
            return Wrong("erp", (invoice, *postings, *accounts), at_stake, str(invoice.value("currency", instant)))

        yield Claim(further.TAXED_OTHERWISE, invoice, wrong)


def _issued(values: Mapping[str, Native]) -> bool:
    return values["status"] in ("Posted", "Paid") and values["total_amount"] != 0


def _lives(account: Record, issued_at: Instant, instant: Instant) -> bool:
    """Whether the account's tax region, as it is now, was known when the invoice was issued: nobody moves back."""
    region = account.value("Tax_Region__c", instant)
    return region is not None and region == account.value("Tax_Region__c", issued_at)


def _other_tax(invoice: Record, booked: _Booked, instant: Instant) -> Decimal:
    """All of the tax where it has another code, else the difference if it is a unit of the currency or more."""
    if booked.standing <= 0:
        return Decimal(0)
    tax = money(invoice, "tax_amount", instant)[0]
    if any(p.value("tax_code", instant) != invoice.value("tax_code", instant) for p in booked.originals):
        return tax
    off = abs(tax - _standing(booked, "tax_amount", instant))
    return off if off >= 1 else Decimal(0)


def _other_region(invoice: Record, accounts: list[Record], instant: Instant) -> Decimal:
    regions = {a.value("Tax_Region__c", instant) for a in accounts}
    agrees = not regions or invoice.value("tax_region", instant) in regions
    return Decimal(0) if agrees else money(invoice, "tax_amount", instant)[0]


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
