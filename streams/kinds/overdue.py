"""Which invoices of a customer are overdue, by what the ERP has not yet applied, and what nobody has credited.

Billing names the candidates: invoices whose payment status leaves something to be paid, at most 64 of each status.
Which of them are really owed, the ERP knows; a payment under way is no delinquency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant
from streams.governance.triggers import OWED
from streams.kinds.asof import AsOf, Found
from streams.kinds.credits import credits_of
from streams.kinds.facts import Since, since
from streams.kinds.model import All, Place, Reach
from streams.kinds.shared import days_of, number, tolerance, with_amount

ENTITY = "invoice"
LOOKED_AT: dict[Place, Reach] = {
    ("billing", "invoice"): All(),
    ("erp", "cash_application"): All(),
    ("erp", "credit_memo"): All(),
    ("billing", "credit_memo"): All(),
}
"""In the reach of every kind that asks what is overdue."""
FINDS = (("invoice", "payment_status"), ("cash_application", "invoice_ref"), ("credit_memo", "invoice_ref"))
OPTIONAL = frozenset({("erp", "cash_application"), ("erp", "credit_memo"), ("billing", "credit_memo")})


class Overdue(NamedTuple):
    invoice: Found
    owed: Since
    begins: Instant
    """When it counted as overdue first: the day after it was due has begun, and those that are waited for are over."""
    balance: Decimal

    @property
    def order(self) -> tuple[Instant, str, str]:
        return self.begins, self.invoice.system, self.invoice.native_id


def overdue(now: AsOf, kind: str, account: Found) -> list[Overdue]:
    """Invoices that are overdue at the instant, longest first. For those that will be, the subject is judged again
    then."""
    found = sorted(_owed(now, kind, account), key=lambda o: o.order)
    for later in found:
        now.again_at(later.begins)
    return [o for o in found if o.begins <= now.instant]


def owed_in_all(found: list[Overdue]) -> dict[str, str]:
    """The sum owed, in the currency of the invoice that is longest overdue."""
    total = found[0].invoice.attrs["total"]
    same = (o.balance for o in found if o.invoice.attrs["total"]["currency"] == total["currency"])
    return with_amount(total, sum(same, Decimal(0)))


def payment_status_is_read(now: AsOf) -> bool:
    """Whether payment statuses are mapped: without them nobody knows what is owed."""
    mappings = (m for s in now.governance.in_role("billing") for m in now.governance.mappings[s].values())
    return any(m.entity == ENTITY and "payment_status" in m.attributes for m in mappings)


def _owed(now: AsOf, kind: str, account: Found) -> Iterator[Overdue]:
    waits_days = now.rules(kind).after_days
    for status in OWED:
        for invoice in now.by_reference(ENTITY, "billing", "payment_status", status):
            owed, due = since(invoice.version["since"], "owed"), invoice.attrs["due_on"]
            balance = _balance(now, invoice)
            if owed and due and balance > tolerance(now, kind, number(invoice.attrs["total"])):
                first = date.fromisoformat(due) + timedelta(days=waits_days + 1)
                begins = days_of(now, invoice, account).begins(first)
                yield Overdue(invoice, owed, max(begins, owed.at), balance)


def _balance(now: AsOf, invoice: Found) -> Decimal:
    total, document = invoice.attrs["total"], invoice.attrs["number"]
    applications = now.by_reference("cash_application", "erp", "invoice_ref", document)
    applied = _sum(total, [a for a in applications if a.attrs["status"] != "reversed"])
    received = max(applied, _sum(total, [invoice], "paid"))
    return number(total) - received - _sum(total, credits_of(now, document))


def _sum(total: dict[str, str] | None, records: list[Found], attribute: str = "total") -> Decimal:
    amounts = [r.attrs[attribute] for r in records]
    same = (abs(number(a)) for a in amounts if a and total and a["currency"] == total["currency"])
    return sum(same, Decimal(0))
