"""What the catalogue says of each kind, read plainly. True: in order; False: not; None: nothing is demanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from tests.naive.world import Record, World

CENT = Decimal("0.01")
MINOR_UNIT = {"EUR": CENT, "USD": CENT, "JPY": Decimal(1)}
Judge = Callable[[World, Record], bool | None]


class Naive(NamedTuple):
    subject: tuple[tuple[str, str], ...]
    """(system, entity)."""
    clock: str
    judge: Judge


def posted(invoice: Record) -> bool:
    return invoice["status"] in ("posted", "paid") and bool(invoice.amount("total"))


def invoice_not_posted(world: World, invoice: Record) -> bool | None:
    original, taken_back, _ = ledger(world, invoice)
    return len(original) > taken_back if posted(invoice) else None


def reversal_incomplete(world: World, invoice: Record) -> bool | None:
    original, taken_back, _ = ledger(world, invoice)
    return len(original) == taken_back if invoice["status"] == "voided" else None


def ledger(world: World, invoice: Record) -> tuple[list[Record], int, list[Record]]:
    """Originals, how many of them are taken back, reversals. A reversal is said by status, by document, or by both."""
    postings = world.all("ledger_posting", "erp", document_ref=invoice["number"])
    original = [p for p in postings if p["document_type"] == "invoice" and p["status"] in ("posted", "reversed")]
    reversals = [p for p in postings if p["document_type"] == "reversal" and p["status"] == "posted"]
    return original, max(len(reversals), sum(p["status"] == "reversed" for p in original)), reversals


def invoice_amount_mismatch(world: World, invoice: Record) -> bool | None:
    original, taken_back, reversals = ledger(world, invoice)
    if invoice["status"] not in ("posted", "paid") or len(original) <= taken_back:
        return None
    standing = [p for p in original if p["status"] == "posted"]
    against = reversals[len(original) - len(standing) :]
    lines = max(r["line_count"] or 1 for r in (invoice, *standing))
    return all(agrees(invoice, standing, against, basis, lines) for basis in ("net", "tax", "total"))


def agrees(invoice: Record, standing: list[Record], against: list[Record], basis: str, lines: int) -> bool:
    """Half a minor unit a line is rounding; what somebody does not state, or in another currency, is not compared."""
    stated = invoice[basis]
    booked = [p[basis] for p in (*standing, *against)]
    if not stated or any(not b or b["currency"] != stated["currency"] for b in booked):
        return True
    total = sum(p.amount(basis) or 0 for p in standing) - sum(p.amount(basis) or 0 for p in against)
    return abs(total - Decimal(stated["amount"])) <= lines * MINOR_UNIT[stated["currency"]] / 2


def payment_unmatched(world: World, payment: Record) -> bool | None:
    total, stated = payment.amount("total"), payment["total"]
    if payment["status"] not in ("settled", "disputed") or total is None:
        return None
    applied = [
        a.amount("total") or 0
        for a in world.all("cash_application", "erp", payment_ref=payment["reference"])
        if a["status"] != "reversed" and a["total"] and a["total"]["currency"] == stated["currency"]
    ]
    return sum(applied) >= total - CENT


def refund_unpropagated(world: World, refund: Record) -> bool | None:
    total, stated = refund.amount("total"), refund["total"]
    if refund["status"] != "settled" or not total:
        return None
    known = [r for r in world.all("refund", "billing", reference=refund["reference"]) if r["status"] == "settled"]
    booked = [
        abs(p.amount("total") or 0)
        for p in world.all("ledger_posting", "erp", document_type="refund", document_ref=refund["reference"])
        if p["status"] == "posted" and p["total"] and p["total"]["currency"] == stated["currency"]
    ]
    return bool(known) and bool(booked) and abs(sum(booked) - abs(total)) <= CENT


def credit_memo_without_counterpart(world: World, memo: Record) -> bool | None:
    other = {"erp": "billing", "billing": "erp"}[memo.change.system]
    found = world.all("credit_memo", other, number=memo["number"])
    return any(m["status"] == "posted" for m in found) if demanded(memo) else None


def credit_memo_unpropagated(world: World, memo: Record) -> bool | None:
    found = world.all("credit_memo", "crm", number=memo["number"])
    owned = memo.change.system == "erp" and demanded(memo)
    return any(m["status"] not in ("draft", "voided") for m in found) if owned else None


def demanded(memo: Record) -> bool:
    return memo["status"] == "posted" and memo.amount("total") != 0


def stuck_in_flight(world: World, document: Record) -> bool | None:
    return document["status"] != "posting"


def duplicate_document(world: World, invoice: Record) -> bool | None:
    """The later one is the duplicate."""

    def live(record: Record) -> bool:
        return record["status"] in ("posting", "posted", "paid")

    def age(record: Record) -> tuple[float, str]:
        return record.since(live) or 0.0, record.change.native_id

    same = [i for i in world.all("invoice", "billing", number=invoice["number"]) if live(i)]
    return not live(invoice) or all(age(i) >= age(invoice) for i in same)


def step_out_of_order(world: World, payment: Record) -> bool | None:
    """Paid before it was invoiced; clocks may differ by the tolerance."""
    invoices = [i for i in world.all("invoice", "billing", number=payment["invoice_ref"]) if posted(i)]
    settled = payment.since(lambda p: p["status"] in ("settled", "disputed"))
    if settled is None or not invoices:
        return None
    return min(i.first(posted) for i in invoices) - settled <= TOLERANCE_SECONDS


TOLERANCE_SECONDS = 5
IN_BILLING, IN_LEDGER = ("billing", "invoice"), ("erp", "ledger_posting")
MEMOS = (("erp", "credit_memo"), ("billing", "credit_memo"))
KINDS: Mapping[str, Naive] = {
    "invoice_not_posted": Naive((IN_BILLING,), "deadline", invoice_not_posted),
    "reversal_incomplete": Naive((IN_BILLING,), "deadline", reversal_incomplete),
    "invoice_amount_mismatch": Naive((IN_BILLING,), "grace", invoice_amount_mismatch),
    "payment_unmatched": Naive((("processor", "payment"),), "deadline", payment_unmatched),
    "refund_unpropagated": Naive((("processor", "refund"),), "deadline", refund_unpropagated),
    "credit_memo_without_counterpart": Naive(MEMOS, "deadline", credit_memo_without_counterpart),
    "credit_memo_unpropagated": Naive(MEMOS, "deadline", credit_memo_unpropagated),
    "stuck_in_flight": Naive((IN_BILLING, IN_LEDGER), "grace", stuck_in_flight),
    "duplicate_document": Naive((IN_BILLING,), "instant", duplicate_document),
    "step_out_of_order": Naive((("processor", "payment"),), "instant", step_out_of_order),
}
