"""What each kind of drift asks of a customer's records, from their true commit times (not from what was planned).

Written against the native columns and without the code that it judges, so that a mistake there cannot hide here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant, from_datetime
from streams.demo import flaws
from streams.demo.journal import History, Record
from streams.demo.references import REFERENCES
from streams.demo.steps import Native

_PENDING = frozenset({"Draft", "PendingActivation", "PendingAcceptance"})


class Owner(NamedTuple):
    system: str
    """Empty: the system of the subject."""
    team: str


OWNERS: dict[str, Owner] = {
    flaws.WON_WITHOUT_ERP_CUSTOMER: Owner("erp", "finance-systems"),
    flaws.WRITEBACK_MISSING: Owner("", "integration"),
    flaws.ACTIVATION_STALLED: Owner("billing", "billing-operations"),
    flaws.INVOICE_NOT_POSTED: Owner("erp", "finance-systems"),
    flaws.CREDIT_MEMO_UNPROPAGATED: Owner("erp", "finance-systems"),
    flaws.VALUE_MISMATCH: Owner("billing", "revenue-operations"),
    flaws.SOURCE_STALE: Owner("", "platform-engineering"),
}


class Obligation(NamedTuple):
    """From `triggered_at` on somebody owes something about `subject`; `met(t)` says whether it was done by then."""

    kind: str
    subject: Record
    triggered_at: Instant
    met: Callable[[Instant], bool]
    evidence: tuple[Record, ...]
    amount_column: str | None
    currency_column: str


def won_without_erp_customer(history: History) -> Iterator[Obligation]:
    for deal in history.records("crm", "opportunity"):
        won_at, account_id = deal.first_time(_won), deal.versions[0].values["AccountId"]

        def met(instant: Instant, account_id: Native = account_id) -> bool:
            """Also where the account names the customer: the CRM's whole-second stamp may be the earlier one."""
            customers, account = history.records("erp", "customer"), history.find("crm", "customer", account_id)
            linked = any(customer.value("external_id", instant) == account_id for customer in customers)
            return linked or (account is not None and account.value(REFERENCES["erp"], instant) is not None)

        if won_at is not None:
            kind = flaws.WON_WITHOUT_ERP_CUSTOMER
            yield Obligation(kind, deal, won_at, met, (deal,), "Amount", "CurrencyIsoCode")


def external_id_writeback_missing(history: History) -> Iterator[Obligation]:
    for system, column in (("billing", "crm_account_id"), ("erp", "external_id")):
        for customer in history.records(system, "customer"):
            yield from _write_back(history, customer, column)


def _write_back(history: History, customer: Record, column: str) -> Iterator[Obligation]:
    known_at = customer.first_time(lambda values: values.get(column) is not None)
    account = history.find("crm", "customer", customer.versions[-1].values.get(column))
    if known_at is None or account is None:
        return
    reference = REFERENCES[customer.system]

    def met(instant: Instant) -> bool:
        return account.value(reference, instant) is not None

    yield Obligation(flaws.WRITEBACK_MISSING, customer, known_at, met, (customer, account), None, "currency")


def activation_stalled(history: History) -> Iterator[Obligation]:
    for subscription in history.records("billing", "subscription"):
        pending_at = subscription.first_time(lambda values: values["status"] in _PENDING)
        asked_at = _service_asked_for(history, subscription)
        if pending_at is None or asked_at is None:
            continue

        def met(instant: Instant, record: Record = subscription) -> bool:
            return record.value("status", instant) not in _PENDING

        starts_at = _midnight(subscription.versions[0].values["starts_on"])
        triggered_at = max(pending_at, asked_at, starts_at)
        if not met(triggered_at):
            yield Obligation(
                flaws.ACTIVATION_STALLED,
                subscription,
                triggered_at,
                met,
                (subscription,),
                "total_contract_value",
                "currency",
            )


def _service_asked_for(history: History, subscription: Record) -> Instant | None:
    """When the CRM account became active or the subscription's deal was won, whichever was first."""
    account = history.only("crm", "customer")
    deal = history.find("crm", "opportunity", subscription.versions[0].values["crm_opportunity_id"])
    times = (
        account.first_time(lambda values: values["Status__c"] == "Active") if account else None,
        deal.first_time(_won) if deal else None,
    )
    return min((at for at in times if at is not None), default=None)


def invoice_not_posted(history: History) -> Iterator[Obligation]:
    for invoice in history.records("billing", "invoice"):
        number = invoice.versions[0].values["number"]
        due_from = invoice.first_time(_to_be_booked)

        def met(instant: Instant, number: Native = number) -> bool:
            wanted = {"document_type": "invoice", "document_number": number, "status": "Posted"}
            return _any_with(history.records("erp", "ledger_posting"), wanted, instant)

        if due_from is not None:
            kind = flaws.INVOICE_NOT_POSTED
            # No document of the demo that is not in the ledger has more than one posting.
            drafts = [p for p in history.records("erp", "ledger_posting") if _is_of(p, number)]
            yield Obligation(kind, invoice, due_from, met, (invoice, *drafts), "total_amount", "currency")


def credit_memo_unpropagated(history: History) -> Iterator[Obligation]:
    for memo in history.records("erp", "credit_memo"):
        number = memo.versions[0].values["number"]
        posted_at = memo.first_time(lambda values: values["status"] == "Posted")

        def met(instant: Instant, number: Native = number) -> bool:
            return _any_with(history.records("crm", "credit_memo"), {"Number__c": number}, instant)

        if posted_at is not None:
            kind = flaws.CREDIT_MEMO_UNPROPAGATED
            yield Obligation(kind, memo, posted_at, met, (memo,), "total_amount", "currency")


OBLIGATIONS: tuple[Callable[[History], Iterator[Obligation]], ...] = (
    won_without_erp_customer,
    external_id_writeback_missing,
    activation_stalled,
    invoice_not_posted,
    credit_memo_unpropagated,
)


def _won(values: Mapping[str, Native]) -> bool:
    return values.get("StageName") == "Closed Won"


def _to_be_booked(values: Mapping[str, Native]) -> bool:
    return values["status"] in ("Posted", "Paid") and values["total_amount"] != 0


def _any_with(records: list[Record], wanted: dict[str, Native], instant: Instant) -> bool:
    return any(all(record.value(c, instant) == v for c, v in wanted.items()) for record in records)


def _is_of(posting: Record, number: Native) -> bool:
    first = posting.versions[0].values
    return (first["document_type"], first["document_number"]) == ("invoice", number)


def _midnight(day: Native) -> Instant:
    assert isinstance(day, date)
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))


def as_amount(value: Native) -> Decimal:
    assert isinstance(value, Decimal)
    return value
