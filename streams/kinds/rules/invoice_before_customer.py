"""Kind 39, of a customer: an invoice was posted in a system before its customer there was set up.

A kind of its own because the two name one another by no attribute: an invoice waits only while its customer is not set
up, so whatever came in order costs a customer that is set up later nothing."""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import seconds
from streams.kinds.asof import AsOf, Found
from streams.kinds.booked import REGARDED, booked
from streams.kinds.facts import Since, since
from streams.kinds.finding import WAITING, Answer, Evidence, Finding, Subject
from streams.kinds.model import All, Itself, Kind
from streams.kinds.shared import place
from streams.kinds.spans import span

NAME = "invoice_before_customer"
"""Also in step_tolerance_seconds of process.yaml."""


class _Row(NamedTuple):
    role: str
    fact: str
    """That it was posted."""
    number: str
    said: str


ROWS = {
    "ledger_posting": _Row("erp", "live", "document_ref", "posted in the ledger"),
    "invoice": _Row("billing", "posted", "number", "posted in billing"),
}


def invoice_before_customer(now: AsOf, subject: Subject) -> Answer:
    record, row = now.subject(*place(subject)), ROWS[subject.entity]
    posted = _posted(record, row) if record else None
    tolerance = now.governance.process.step_tolerance_seconds.get(NAME)
    if record is None or posted is None or tolerance is None or not _is_invoice(record.attrs):
        return None
    home = ("customer", subject.system, record.version["customer"])
    if now.was_deleted(*home):
        return None  # it had been there: that it is gone, or there again, sets nothing up
    customer = now.record(*home)
    began = since(customer.version["since"], "set_up") if customer else None
    if customer is None or began is None:
        return WAITING  # not yet, or never: that is kind 40's and 47's
    early = began.at - posted.at
    # What a snapshot shows began at some time before: nobody knows which came first.
    if early <= seconds(tolerance) or not (began.seen and posted.seen):
        return None
    return Finding(
        satisfied=False,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        amount=record.attrs["total"],
        expected=f"customer {customer.native_id} is set up in {subject.system} first",
        observed=f"invoice {record.attrs[row.number] or record.native_id} was {row.said} {span(early)} before that",
        evidence=(Evidence(record, row.fact, str(posted.at)), Evidence(customer, "set_up", str(began.at))),
        satisfied_by=customer,
    )


def _spared(now: AsOf, subject: Subject) -> str:
    """It was posted too early, by no more than clocks may differ."""
    record, row = now.subject(*place(subject)), ROWS[subject.entity]
    customer = now.record("customer", subject.system, record.version["customer"]) if record else None
    posted = _posted(record, row) if record else None
    began = since(customer.version["since"], "set_up") if customer else None
    tolerance = now.governance.process.step_tolerance_seconds.get(NAME)
    if record is None or customer is None or posted is None or began is None or tolerance is None:
        return ""
    early = began.at - posted.at
    if early <= 0 or early > seconds(tolerance):
        return ""
    return (
        f"invoice {record.attrs[row.number] or record.native_id} was {row.said} {span(early)} before customer "
        f"{customer.native_id} was set up in {subject.system}; clocks may differ by {span(seconds(tolerance))}"
    )


def _is_invoice(attrs: dict[str, object]) -> bool:
    return attrs.get("document_type", "invoice") == "invoice"


def _posted(record: Found, row: _Row) -> Since | None:
    return booked(record) if record.entity == "ledger_posting" else since(record.version["since"], row.fact)


def _kind(entity: str, row: _Row) -> Kind:
    return Kind(
        number="39",
        name=NAME,
        entity=entity,
        several=True,
        roles=(row.role,),
        clock="grace",
        reach={(row.role, entity): Itself(), (row.role, "customer"): All()},
        judge=invoice_before_customer,
        spared=_spared,
        begins=lambda _, version: row.fact in version["since"] and _is_invoice(version["attrs"]),
        regarded={
            entity: REGARDED if entity == "ledger_posting" else (f"@{row.fact}",),
            "customer": ("@set_up",),
        },
        command="",
        sort="ask",
        condition="CustomersSetUpFirst",
    )


KINDS = tuple(_kind(entity, row) for entity, row in ROWS.items())
