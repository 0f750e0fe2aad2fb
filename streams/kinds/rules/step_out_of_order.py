"""Kind 39: of two steps that must follow each other, the later one was taken first."""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import seconds
from streams.kinds.asof import AsOf, Found
from streams.kinds.booked import REGARDED, booked
from streams.kinds.facts import Since, first_since, since
from streams.kinds.finding import Answer, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind, Reach, Refers
from streams.kinds.shared import place
from streams.kinds.spans import span


class _Step(NamedTuple):
    role: str
    entity: str
    number: str
    """The attribute by which the two name the same thing."""
    fact: str
    """That the step was taken."""
    said: str


class _Pair(NamedTuple):
    name: str
    """In step_tolerance_seconds of process.yaml."""
    first: _Step
    then: _Step
    amount: str
    owner: str


PAIRS = (
    _Pair(
        "posting_before_invoice",
        _Step("billing", "invoice", "number", "posted", "invoice {} is posted in billing"),
        _Step("erp", "ledger_posting", "document_ref", "live", "it was posted in the ledger"),
        "total",
        "erp",
    ),
    _Pair(
        "payment_before_invoice",
        _Step("billing", "invoice", "number", "posted", "invoice {} is posted in billing"),
        _Step("processor", "payment", "invoice_ref", "settled", "its payment was settled"),
        "total",
        "erp",
    ),
    _Pair(
        "revenue_before_activation",
        _Step("billing", "subscription", "number", "activated", "subscription {} is activated"),
        _Step("erp", "revenue_schedule", "subscription_number", "recognising", "its revenue was recognised"),
        "recognised",
        "erp",
    ),
    _Pair(
        "invoice_before_fulfilment",
        _Step("erp", "order", "number", "fulfilled", "order {} is fulfilled"),
        _Step("billing", "invoice", "order_ref", "posted", "it was invoiced"),
        "total",
        "billing",
    ),
)
PAIR_OF = {pair.then.entity: pair for pair in PAIRS}


def step_out_of_order(now: AsOf, subject: Subject) -> Answer:
    record, pair = now.subject(*place(subject)), PAIR_OF[subject.entity]
    tolerance = now.governance.process.step_tolerance_seconds.get(pair.name)
    taken = _taken(record, pair.then) if record else None
    if record is None or taken is None or tolerance is None:
        return None
    first = _first(now, pair.first, record.attrs[pair.then.number])
    if first is None:
        return None  # not taken at all: kinds 40 and 47
    found, began = first
    early = began.at - taken.at
    # What a snapshot shows began at some time before: nobody knows which came first.
    known = began.seen and taken.seen
    return Finding(
        satisfied=not known or early <= seconds(tolerance),
        triggered_at=0,
        trigger_version="",
        owner_system=next(iter(now.governance.in_role(pair.owner)), record.system),
        amount=record.attrs[pair.amount],
        expected=f"{pair.first.said.format(found.attrs[pair.first.number])} first",
        observed=f"{pair.then.said} {_before(early)} that, in {record.system} {record.native_id}"
        + (f"; clocks may differ by {span(seconds(tolerance))}" if known and 0 < early <= seconds(tolerance) else "")
        + ("" if known else "; a snapshot showed it, so nobody knows which came first"),
        evidence=(
            Evidence(record, pair.then.fact, str(taken.at)),
            Evidence(found, pair.first.fact, str(began.at)),
        ),
        satisfied_by=found,
    )


def _before(early: int) -> str:
    return f"{span(early)} before" if early > 0 else "after"


def _taken(record: Found, step: _Step) -> Since | None:
    return booked(record) if step.entity == "ledger_posting" else since(record.version["since"], step.fact)


def _first(now: AsOf, step: _Step, document: str | None) -> tuple[Found, Since] | None:
    """The earliest of the records that took the first step: one that was taken back and taken again was taken then."""
    taken = [
        (found, began)
        for found in now.by_reference(step.entity, step.role, step.number, document)
        if (began := first_since(found.version["since"], step.fact))
    ]
    return min(taken, key=lambda t: (t[1].at, t[0].system, t[0].native_id), default=None)


def _kind(pair: _Pair) -> Kind:
    reach: dict[tuple[str, str], Reach] = {
        (pair.then.role, pair.then.entity): Itself(),
        (pair.first.role, pair.first.entity): Refers(pair.then.number, pair.first.number),
    }
    return Kind(
        number="39",
        name="step_out_of_order",
        entity=pair.then.entity,
        several=True,
        roles=(pair.then.role,),
        clock="grace",
        reach=reach,
        regarded={
            pair.first.entity: (f"@{pair.first.fact}", f"@once_{pair.first.fact}"),
            pair.then.entity: REGARDED if pair.then.entity == "ledger_posting" else (f"@{pair.then.fact}",),
        },
        begins=lambda _, version: pair.then.fact in version["since"],
        counterpart=True,
        judge=step_out_of_order,
        command="",
        sort="ask",
        condition="StepsInOrder",
    )


KINDS = tuple(_kind(pair) for pair in PAIRS)
