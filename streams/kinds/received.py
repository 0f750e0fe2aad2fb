"""What was received for an invoice: from the processor's payments and the ERP's cash applications.

The same money is reported by both; an application that names a payment is that payment, reported once more."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import KNOWN, Since, since
from streams.kinds.shared import number
from streams.kinds.trail import trail_of

PAID, IN_PART, FAILED = "paid", "partially_paid", "failed"
SETTLED = ("settled", "disputed")


class Money(NamedTuple):
    """One payment of an invoice, by all the records that report it, the earliest first."""

    records: tuple[Found, ...]
    began: Since
    amount: Decimal


class Received(NamedTuple):
    status: str
    """paid, partially_paid, failed: what a system that shows the invoice should say."""
    amount: Decimal
    decided: Since
    """When the payment that made it so was reported first, or what else had been received went back."""
    by: Found


def received(now: AsOf, invoice: Found, tolerated: Decimal) -> Received | None:
    """None: nothing was settled, failed or applied that this invoice's currency can tell."""
    document, total = invoice.attrs["number"], invoice.attrs["total"]
    payments = now.by_reference("payment", "processor", "invoice_ref", document)
    applications = now.by_reference("cash_application", "erp", "invoice_ref", document)
    if total is None or _other_currency(total["currency"], (*payments, *applications)):
        return None
    groups = _grouped(payments, applications)
    moneys = sorted(_moneys(groups), key=lambda m: (m.began, m.records[0].native_id))
    amount = sum((m.amount for m in moneys), Decimal(0))
    if moneys:
        last = moneys[-1]
        status = PAID if amount >= number(total) - tolerated else IN_PART
        # What was given back of more than enough made nothing of it so.
        back = [] if status == PAID else _given_back(groups)
        return Received(status, amount, max([last.began, *back]), last.records[0])
    return _failed(payments, _given_back(groups))


def _other_currency(currency: str, records: tuple[Found, ...]) -> bool:
    return any((r.attrs["total"] or {}).get("currency", currency) != currency for r in records)


def _grouped(payments: list[Found], applications: list[Found]) -> list[list[Found]]:
    """A payment with its applications is one, and so is each application of anything else."""
    groups: dict[str, list[Found]] = {f"{p.system}/{p.native_id}": [p] for p in payments}
    known = {p.attrs["reference"]: f"{p.system}/{p.native_id}" for p in payments if p.attrs["reference"]}
    for application in applications:
        name = known.get(application.attrs["payment_ref"], f"{application.system}/{application.native_id}")
        groups.setdefault(name, []).append(application)
    return list(groups.values())


def _moneys(groups: list[list[Found]]) -> list[Money]:
    counting = ([r for r in records if _counts(r)] for records in groups)
    return [_money(records) for records in counting if records]


def _counts(record: Found) -> Since | None:
    return since(record.version["since"], "settled" if record.entity == "payment" else "applied")


def _given_back(groups: list[list[Found]]) -> list[Since]:
    """When each that nobody reports as received any more ceased to be."""
    gone = ([back for r in records if (back := _ceased(r))] for records in groups if not any(map(_counts, records)))
    return [max(backs) for backs in gone if backs]


def _ceased(record: Found) -> Since | None:
    stamped = record.version["since"]
    if record.entity == "payment":
        step = next((s for s in trail_of(stamped, "status") if s.was in SETTLED), None)
        return Since(step.at, step.version, step.snapshot, seen=not step.snapshot) if step else None
    known, back = since(stamped, KNOWN), since(stamped, "reversed")
    return back if known and back and known.at < back.at else None


def _money(records: list[Found]) -> Money:
    ordered = sorted(records, key=lambda r: (_began(r), r.native_id))
    # The processor says how much came in; where it is silent, the ERP's applications do.
    stated = [r for r in ordered if r.entity == "payment"] or ordered
    amount = sum((number(r.attrs["total"]) for r in stated), Decimal(0))
    return Money(tuple(ordered), _began(ordered[0]), amount)


def _began(record: Found) -> Since:
    began = _counts(record)
    assert began is not None
    return began


def _failed(payments: list[Found], given_back: list[Since]) -> Received | None:
    """The last attempt failed, and no other is under way."""
    failed = [(s, p) for p in payments if (s := since(p.version["since"], "failed"))]
    if not failed or any(p.attrs["status"] == "pending" for p in payments):
        return None
    last, payment = max(failed, key=lambda found: (found[0], found[1].native_id))
    return Received(FAILED, Decimal(0), max([last, *given_back]), payment)
