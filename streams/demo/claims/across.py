"""Kinds 36, 44 and 45 across customers: a customer, and another that is told of with it. One alone shows nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from schemas.instants import Instant
from streams.demo import beyond
from streams.demo.claims.model import Check, Claim, Wrong, money, there, times
from streams.demo.journal import History, Record


def parents_in_a_circle(history: History) -> Iterator[Claim]:
    """A group is below its own customer; told of the account with the least id."""
    for pair in _pairs(history, "crm", "customer"):
        least, other = sorted(pair, key=lambda record: record.native_id)

        def wrong(instant: Instant, least: Record = least, other: Record = other) -> Wrong | None:
            parents = [record.value("ParentId", instant) for record in (least, other)]
            circle = parents == [other.native_id, least.native_id]
            return Wrong("crm", (least, other), versioned=False) if circle else None

        yield _claim(history, beyond.PARENTS_IN_A_CIRCLE, least, wrong)


_TAX_ID = {"billing": "tax_id", "erp": "tax_registration"}


def suspected_twice(history: History) -> Iterator[Claim]:
    """A record that nobody linked is as much like the customer's account in billing as one company is: no two customers
    of the demo are alike by chance. Told of the record that was entered later."""
    if history.beside is None:
        return
    entered = [record for system in _TAX_ID for record in history.beside.records(system, "customer")]
    for other in entered:

        def wrong(instant: Instant, other: Record = other) -> Wrong | None:
            if other.value("status", instant) != "Active":
                return None
            same = {"tax_id": other.value(_TAX_ID[other.system], instant), "currency": other.value("currency", instant)}
            alike = there(history.records("billing", "customer"), instant, status="Active", **same)
            return Wrong(other.system, (other, alike[0]), versioned=False) if alike else None

        yield _claim(history, beyond.SUSPECTED_TWICE, other, wrong)


def shared_number(history: History) -> Iterator[Claim]:
    """Told of the invoice that came later."""
    for pair in _pairs(history, "crm", "invoice"):
        senior, junior = sorted(pair, key=lambda invoice: (invoice.times[0], invoice.native_id))

        def wrong(instant: Instant, senior: Record = senior, junior: Record = junior) -> Wrong | None:
            live = [i for i in there((senior, junior), instant) if i.value("Status__c", instant) != "Voided"]
            if len(live) < 2 or senior.value("Number__c", instant) != junior.value("Number__c", instant):
                return None
            return Wrong("crm", (junior, senior), *money(junior, "Amount__c", instant), versioned=False)

        yield _claim(history, beyond.SHARED_NUMBER, junior, wrong)


def _pairs(history: History, system: str, entity: str) -> Iterator[tuple[Record, Record]]:
    """A record of the customer, and one of the other."""
    if history.beside is not None:
        yield from product(history.records(system, entity), history.beside.records(system, entity))


def _claim(history: History, kind: str, subject: Record, wrong: Check) -> Claim:
    assert history.beside is not None
    return Claim(kind, subject, wrong, moments=tuple(times(history.beside)))
