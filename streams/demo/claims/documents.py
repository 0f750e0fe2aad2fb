"""Kinds 14, 38, 39 and 41: invoices and credit memos on their way through billing and the ERP."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant, seconds
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record

_ISSUED = ("Posted", "Paid")
_CLOCKS_DIFFER = seconds(2.0)
"""What the demo's process.yaml allows between a posting and its invoice."""
_TOTAL = {"invoice": "total_amount", "ledger_posting": "amount"}
_STEPS = ("Draft", "Posting", "Posted", "Paid", "Voided")


def credit_memo_alone(history: History) -> Iterator[Claim]:
    for system, other in (("erp", "billing"), ("billing", "erp")):
        for memo in history.records(system, "credit_memo"):
            number = memo.versions[0].values["number"]

            def wrong(
                instant: Instant, memo: Record = memo, other: str = other, number: object = number
            ) -> Wrong | None:
                found = there(history.records(other, "credit_memo"), instant, number=number)
                posted = [f for f in found if f.value("status", instant) == "Posted"]
                if memo.value("status", instant) != "Posted" or posted:
                    return None
                return Wrong(other, (memo, *found), *money(memo, "total_amount", instant))

            posted_at = memo.first_time(lambda values: values["status"] == "Posted")
            if posted_at is not None:
                yield Claim(further.CREDIT_MEMO_ALONE, memo, wrong, posted_at)


def state_regression(history: History) -> Iterator[Claim]:
    """Of invoices: nothing else in the demo ever steps back."""
    for invoice in history.records("billing", "invoice"):

        def wrong(instant: Instant, invoice: Record = invoice) -> Wrong | None:
            if not _stepped_back(invoice, instant):
                return None
            number = invoice.value("number", instant)
            memos = there(history.records("billing", "credit_memo"), instant, invoice_number=number, status="Posted")
            reversals = {"document_number": number, "document_type": "reversal"}
            if memos or there(history.records("erp", "ledger_posting"), instant, **reversals):
                return None
            return Wrong("billing", (invoice,), *money(invoice, "total_amount", instant))

        yield Claim(further.STATE_REGRESSION, invoice, wrong)


def _stepped_back(invoice: Record, instant: Instant) -> bool:
    """Whether the last change of its status was one."""
    known = [str(v.values["status"]) for v in invoice.versions if v.at <= instant]
    taken = [status for i, status in enumerate(known) if i == 0 or status != known[i - 1]]
    return len(taken) > 1 and _STEPS.index(taken[-1]) < _STEPS.index(taken[-2])


def out_of_order(history: History) -> Iterator[Claim]:
    for posting in history.records("erp", "ledger_posting"):
        number = posting.versions[0].values["document_number"]

        def wrong(instant: Instant, posting: Record = posting, number: object = number) -> Wrong | None:
            issued = [i for i in there(history.records("billing", "invoice"), instant, number=number) if _issued(i)]
            if posting.value("status", instant) not in ("Posting", "Posted") or not issued:
                return None
            live_at = posting.first_time(lambda values: values["status"] in ("Posting", "Posted"))
            issued_at = _issued(issued[0])
            stands = issued[0].value("status", instant) in _ISSUED
            if not stands or live_at is None or issued_at is None or issued_at - live_at <= _CLOCKS_DIFFER:
                return None
            return Wrong("erp", (posting, issued[0]), *money(posting, "amount", instant))

        yield Claim(further.OUT_OF_ORDER, posting, wrong)


def _issued(invoice: Record) -> Instant | None:
    return invoice.first_time(lambda values: values["status"] in _ISSUED and values["total_amount"] != 0)


def stuck_in_flight(history: History) -> Iterator[Claim]:
    documents = (*history.records("billing", "invoice"), *history.records("erp", "ledger_posting"))
    for document in documents:

        def wrong(instant: Instant, document: Record = document) -> Wrong | None:
            if document.value("status", instant) != "Posting":
                return None
            return Wrong("erp", (document,), *money(document, _TOTAL[document.entity], instant))

        yield Claim(further.STUCK_IN_FLIGHT, document, wrong)
