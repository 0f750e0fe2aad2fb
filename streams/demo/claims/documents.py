"""Kinds 14, 38, 39, 41 and 45: invoices and credit memos on their way through billing and the ERP."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from schemas.instants import Instant, seconds
from streams.demo import further
from streams.demo.claims.dunning import credited
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record

_ISSUED = ("Posted", "Paid")
_CLOCKS_DIFFER = seconds(2.0)
"""What the demo's process.yaml allows between a posting and its invoice, and between either and its customer."""
_TOTAL = {"invoice": "total_amount", "ledger_posting": "amount"}
_CUSTOMER = {"billing": "account_id", "erp": "customer_id"}
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


def before_customer(history: History) -> Iterator[Claim]:
    """Of an invoice in billing, and of its posting in the ledger."""
    invoices = [(invoice, _issued(invoice)) for invoice in history.records("billing", "invoice")]
    postings = [(posting, _in_ledger(posting)) for posting in history.records("erp", "ledger_posting")]
    for document, posted_at in (*invoices, *postings):
        customer = history.find(document.system, "customer", document.versions[0].values[_CUSTOMER[document.system]])
        began = customer.first_time(lambda values: values.get("status") != "Draft") if customer else None
        if customer is None or posted_at is None or began is None or began - posted_at <= _CLOCKS_DIFFER:
            continue

        def wrong(
            instant: Instant, document: Record = document, customer: Record = customer, began: Instant = began
        ) -> Wrong | None:
            if instant < began or document.value("status", instant) == "Voided":
                return None
            return Wrong(document.system, (document, customer), *money(document, _TOTAL[document.entity], instant))

        yield Claim(further.BEFORE_CUSTOMER, document, wrong)


def _in_ledger(posting: Record) -> Instant | None:
    """As a posting of an invoice."""
    return posting.first_time(lambda v: v["document_type"] == "invoice" and v["status"] in ("Posting", "Posted"))


def charged_twice(history: History) -> Iterator[Claim]:
    """Told of the invoice that was posted later, and over once that one is voided."""
    for invoice in history.records("billing", "invoice"):

        def wrong(instant: Instant, invoice: Record = invoice) -> Wrong | None:
            charging = sorted(_charging_as(history, invoice, instant), key=lambda i: (_issued(i) or 0, i.native_id))
            if invoice not in charging[1:]:
                return None
            others = (other for other in charging if other is not invoice)
            return Wrong("billing", (invoice, *others), *money(invoice, "total_amount", instant))

        yield Claim(further.CHARGED_TWICE, invoice, wrong, ending="withdrawn")


def _charging_as(history: History, invoice: Record, instant: Instant) -> list[Record]:
    """What is issued for the same service, month and amount, and was not credited in full."""
    same = {c: invoice.value(c, instant) for c in ("subscription_id", "service_starts_on", "total_amount")}
    issued = [i for i in there(history.records("billing", "invoice"), instant, **same) if _stands(i, instant)]
    return [i for i in issued if _charged(history, i, instant) > 0]


def _stands(invoice: Record, instant: Instant) -> bool:
    return invoice.value("status", instant) in _ISSUED and invoice.value("total_amount", instant) != 0


def _charged(history: History, invoice: Record, instant: Instant) -> Decimal:
    memos = credited(history, invoice.value("number", instant), instant)
    given = sum((money(memo, "total_amount", instant)[0] for memo in memos), Decimal(0))
    return money(invoice, "total_amount", instant)[0] - given
