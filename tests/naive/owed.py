"""Who has paid and who has not, as the catalogue says it: kinds 11 and 12."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from tests.naive.carried import midnight, on
from tests.naive.past import Answer, Kind, Past
from tests.naive.world import Record, World

CENT, DUNNING_DAYS = Decimal("0.01"), 3
SETTLED = ("settled", "disputed")
OPEN = ("open", "partially_paid", "failed")


def applied(world: World, invoice: Record) -> Decimal:
    found = world.all("cash_application", "erp", invoice_ref=invoice["number"])
    return total(invoice, (a for a in found if a["status"] != "reversed"))


def total(invoice: Record, documents: Iterable[Record]) -> Decimal:
    """What they come to in the invoice's currency."""
    same = (
        d.amount("total") for d in documents if d["total"] and d["total"]["currency"] == invoice["total"]["currency"]
    )
    return sum((a for a in same if a), Decimal(0))


def credited(world: World, invoice: Record) -> Decimal:
    """The ERP owns credit memos: what billing says of one counts where the ERP has not decided on it. One without a
    number may be any."""
    books = [m for m in world.all("credit_memo", "erp", invoice_ref=invoice["number"]) if m["status"] != "draft"]
    billed = world.all("credit_memo", "billing", invoice_ref=invoice["number"])
    own = [
        b for b in billed if not any(None in (b["number"], m["number"]) or b["number"] == m["number"] for m in books)
    ]
    return total(invoice, (m for m in (*books, *own) if m["status"] == "posted"))


def balance(world: World, invoice: Record) -> Decimal:
    paid = invoice["paid"]
    stated = Decimal(paid["amount"]) if paid and paid["currency"] == invoice["total"]["currency"] else Decimal(0)
    return (invoice.amount("total") or Decimal(0)) - max(stated, applied(world, invoice)) - credited(world, invoice)


def overdue(world: World, today: date, days: int) -> list[Record]:
    return [
        i
        for i in world.all("invoice", "billing")
        if i["status"] in ("posted", "paid")
        and i["payment_status"] in OPEN
        and i["due_on"]
        and (on(i["due_on"]) or today) + timedelta(days=days) < today
        and i["total"]
        and balance(world, i) > CENT
    ]


def delinquency_unpropagated(past: Past, account: Record) -> Answer | None:
    owing = overdue(past.now, past.today, DUNNING_DAYS)
    if account["delinquent"] is None or not owing:
        return None
    return Answer(account["delinquent"], min(overdue_since(i) for i in owing))


def overdue_since(invoice: Record) -> float:
    due = on(invoice["due_on"])
    assert due
    owed = invoice.since(lambda i: i["status"] in ("posted", "paid") and i["payment_status"] in OPEN)
    return max(owed or 0.0, midnight(due + timedelta(days=DUNNING_DAYS + 1)))


def delinquency_not_cleared(past: Past, account: Record) -> Answer | None:
    return Answer(not account["delinquent"] or bool(overdue(past.now, past.today, 0)))


def payment_status(past: Past, invoice: Record) -> Answer | None:
    known = invoice.amount("total")
    if invoice["status"] not in ("posted", "paid") or not known or known < 0:
        return None
    expected = received(past.now, invoice)
    shown = invoice["payment_status"] or ("paid" if invoice["status"] == "paid" else None)
    if expected is None or (shown is None and expected[0] != "paid"):
        return None
    return Answer(shows(past.now, invoice, shown, *expected), decided(past, invoice))


def received(world: World, invoice: Record) -> tuple[str, Decimal] | None:
    """What a system that shows the invoice should say, and how much came in."""
    payments = world.all("payment", "processor", invoice_ref=invoice["number"])
    applications = world.all("cash_application", "erp", invoice_ref=invoice["number"])
    currency = invoice["total"]["currency"]
    if any(r["total"] and r["total"]["currency"] != currency for r in (*payments, *applications)):
        return None
    settled = [p for p in payments if p["status"] in SETTLED]
    applied_to = [a for a in applications if a["status"] != "reversed"]
    reported = {p["reference"] for p in settled}
    other = [a for a in applied_to if a["payment_ref"] is None or a["payment_ref"] not in reported]
    amount = total(invoice, settled) + total(invoice, other)
    if settled or applied_to:
        return ("paid" if amount >= (invoice.amount("total") or 0) - CENT else "partially_paid"), amount
    failed = any(p["status"] == "failed" for p in payments)
    return ("failed", Decimal(0)) if failed and not any(p["status"] == "pending" for p in payments) else None


def shows(world: World, invoice: Record, shown: str | None, status: str, amount: Decimal) -> bool:
    left = (invoice.amount("total") or 0) - amount
    if shown == "paid" != status:
        memos = [total(invoice, posted_memos(world, invoice, system)) for system in ("erp", "billing")]
        return bool(max(memos)) and left - max(memos) <= CENT
    paid = invoice["paid"]
    if status == shown == "partially_paid" and paid and paid["currency"] == invoice["total"]["currency"]:
        return abs(Decimal(paid["amount"]) - amount) <= CENT
    return shown == status


def posted_memos(world: World, invoice: Record, system: str) -> list[Record]:
    found = world.all("credit_memo", system, invoice_ref=invoice["number"])
    return [m for m in found if m["status"] == "posted"]


def decided(past: Past, invoice: Record) -> float:
    """Since when each payment is reported by those who report it; or by nobody any more, where that made it so; or
    since one failed."""
    expected = received(past.now, invoice)
    if expected == ("failed", 0):
        tried = past.now.all("payment", "processor", invoice_ref=invoice["number"])
        failed = max((p.since(lambda p: p["status"] == "failed") or 0.0 for p in tried), default=0.0)
    else:
        failed = 0.0
    is_paid = expected is not None and expected[0] == "paid"
    return max(failed, *(stands_since(past, reference, is_paid=is_paid) for reference in ("X1", "X2", None)))


def stands_since(past: Past, reference: str | None, *, is_paid: bool) -> float:
    reported = reports(past.now, reference)
    if not reported and is_paid:
        return 0.0
    return min(reported) if reported else past.since(lambda world, _: not reports(world, reference)) or 0.0


def reports(world: World, reference: str | None) -> list[float]:
    payments = world.all("payment", "processor", reference=reference)
    applications = [a for a in world.all("cash_application", "erp") if a["payment_ref"] == reference]
    since = [p.since(lambda p: p["status"] in SETTLED) for p in payments]
    since += [a.since(lambda a: a["status"] != "reversed") for a in applications]
    return [at for at in since if at is not None]


ACCOUNT = (("crm", "customer"),)
OF_INVOICES = {
    "payment_status_unpropagated": Kind((("billing", "invoice"),), "since", payment_status),
    "payment_status_not_shown": Kind((("crm", "invoice"),), "since", payment_status),
}
OF_ACCOUNTS = {
    "delinquency_unpropagated": Kind(ACCOUNT, "since", delinquency_unpropagated),
    "delinquency_not_cleared": Kind(ACCOUNT, "grace", delinquency_not_cleared),
}
KINDS = OF_INVOICES | OF_ACCOUNTS
