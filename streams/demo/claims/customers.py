"""Kinds 30, 36, 44, 49 and M7: what the three systems say of one customer, and who may say it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record
from streams.demo.steps import Native

COLUMNS: dict[str, dict[str, str]] = {
    # what is said: the system that owns it first, then the column of each system that says it
    "tax_id": {"erp": "tax_registration", "crm": "Tax_Id__c", "billing": "tax_id"},
    "name": {"crm": "Name", "billing": "name", "erp": "legal_name"},
    "email": {"crm": "Email__c", "billing": "bill_to_email"},
    "country": {"crm": "BillingCountry", "billing": "country", "erp": "country"},
}
_ON_INVOICES = ("tax_id", "name")
_LEFT = ("Churned", "Closed")
_STATUS = {"crm": "Status__c", "billing": "status", "erp": "status"}


class _Difference(NamedTuple):
    said: str
    owner: Record
    record: Record


def _customers(history: History) -> list[Record]:
    return [record for system in _STATUS for record in history.records(system, "customer")]


def _differences(history: History, record: Record, instant: Instant) -> list[_Difference]:
    found = []
    for said, columns in COLUMNS.items():
        owner_system, column = next(iter(columns)), columns.get(record.system)
        if column is None or record.system == owner_system:
            continue
        value = record.value(column, instant)
        owners = [o for o in there(history.records(owner_system, "customer"), instant) if _says(o, said, instant)]
        if not value or not owners or value == _says(owners[0], said, instant):
            continue
        if _spelled(value) != _spelled(_says(owners[0], said, instant)):
            found.append(_Difference(said, owners[0], record))
    return found


def _says(record: Record, said: str, instant: Instant) -> Native:
    return record.value(COLUMNS[said][record.system], instant)


def _spelled(value: Native) -> str:
    return "".join(letter for letter in str(value).casefold() if letter.isalnum())


def attribute_divergence(history: History) -> Iterator[Claim]:
    for record in _customers(history):

        def wrong(instant: Instant, record: Record = record) -> Wrong | None:
            if record.value(_STATUS[record.system], instant) in _LEFT:
                return None
            found = _differences(history, record, instant)
            if not found:
                return None
            at_stake = _open_invoices(history, instant) if any(d.said in _ON_INVOICES for d in found) else (None, None)
            evidence = tuple({r.name: r for d in found for r in (d.owner, d.record)}.values())
            return Wrong(found[0].owner.system, evidence, *at_stake)

        yield Claim(further.ATTRIBUTE_DIVERGENCE, record, wrong)


def _open_invoices(history: History, instant: Instant) -> tuple[Decimal | None, str | None]:
    amounts = [money(i, "total_amount", instant) for i in _posted(history, instant)]
    return (sum((a for a, _ in amounts), Decimal(0)), amounts[0][1]) if amounts else (None, None)


def _posted(history: History, instant: Instant) -> list[Record]:
    return there(history.records("billing", "invoice"), instant, status="Posted")


def other_parent(history: History) -> Iterator[Claim]:
    """Of the databases, billing alone knows of parents."""
    for record in history.records("billing", "customer"):

        def wrong(instant: Instant, record: Record = record) -> Wrong | None:
            accounts = [
                a
                for a in there(history.records("crm", "customer"), instant)
                if a.value("Status__c", instant) != "Churned"
            ]
            if not accounts or not there([record], instant) or record.value("status", instant) == "Closed":
                return None
            stated, meant = record.value("parent_crm_account_id", instant), accounts[0].value("ParentId", instant)
            return Wrong("crm", (accounts[0], record)) if stated != meant else None

        yield Claim(further.OTHER_PARENT, record, wrong)


def duplicate_customer(history: History) -> Iterator[Claim]:
    for system in ("billing", "erp"):
        for record in history.records(system, "customer"):

            def wrong(instant: Instant, record: Record = record) -> Wrong | None:
                currency = record.value("currency", instant)
                used = there(history.records(record.system, "customer"), instant, status="Active", currency=currency)
                senior = min(used, key=_age, default=record)
                if record not in used or senior is record:
                    return None
                return Wrong(record.system, (record, senior))

            yield Claim(further.DUPLICATE_CUSTOMER, record, wrong)


def _age(record: Record) -> tuple[Instant, str]:
    return record.first_time(lambda values: values["status"] == "Active") or 0, record.native_id


def ownership_violation(history: History) -> Iterator[Claim]:
    """Owners never change their mind in the demo: what differs after an edit was made to differ by it."""
    for record in _customers(history):

        def wrong(instant: Instant, record: Record = record) -> Wrong | None:
            found = [d for d in _differences(history, record, instant) if _edits(record, d.said, instant)]
            if not found:
                return None
            return Wrong(found[0].owner.system, tuple(r for d in found for r in (d.record, d.owner)))

        yield Claim(further.OWNERSHIP_VIOLATION, record, wrong)


class _Edit(NamedTuple):
    was: Native
    to: Native
    by: str


def _edits(record: Record, said: str, instant: Instant) -> list[_Edit]:
    """Of what had been said before, oldest first."""
    column = COLUMNS[said].get(record.system)
    known = [v for v in record.versions if v.at <= instant]
    pairs = ((a.values.get(column or ""), b.values.get(column or ""), b.by) for a, b in pairwise(known))
    return [_Edit(*pair) for pair in pairs if pair[0] and pair[0] != pair[1]]


def oscillation(history: History) -> Iterator[Claim]:
    for record in _customers(history):

        def wrong(instant: Instant, record: Record = record) -> Wrong | None:
            quarrelled = any(_put_back(_edits(record, said, instant)) >= 3 for said in COLUMNS)
            return Wrong(record.system, (record,)) if quarrelled else None

        yield Claim(further.OSCILLATION, record, wrong)


def _put_back(edits: list[_Edit]) -> int:
    """How often one writer put back what another had just replaced; none if the last edit did not."""
    back = [b.by != a.by and b.to == a.was for a, b in pairwise(edits)]
    return sum(back) if back and back[-1] else 0
