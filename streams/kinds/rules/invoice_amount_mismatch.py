"""Kind 21: billing and the ledger state different amounts for the same invoice.

Compared on each basis that both state in the invoice's currency: net, tax, gross. What stands in the ledger is the sum
of its postings; an invoice that does not stand there at all is kind 8 or 19, another currency is kind 23."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.books import PRODUCTS, Postings, postings_of
from streams.kinds.finding import IN_ORDER, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Consulted, Itself, Kind, Refers
from streams.kinds.shared import first_in_role, number, place, said, text, tolerance, with_amount

STATED = ("posted", "paid")
BASES: dict[str, tuple[str, ...]] = {
    # of the invoice: in the ledger, in the document's currency or else in that of the books
    "net": ("net",),
    "tax": ("tax",),
    "total": ("total", "ledger_total"),
}
CALLED = {"net": "net", "tax": "tax", "total": "gross"}
HALF = Decimal("0.5")
DEFAULT_EXPONENT = 2


class Compared(NamedTuple):
    basis: str
    invoiced: dict[str, str]
    posted: Decimal
    allowed: Decimal

    @property
    def difference(self) -> Decimal:
        return abs(number(self.invoiced) - self.posted)

    @property
    def agrees(self) -> bool:
        return self.difference <= self.allowed


def invoice_amount_mismatch(now: AsOf, subject: Subject) -> Answer:
    invoice = now.subject(*place(subject))
    if invoice is None or invoice.attrs["status"] not in STATED:
        return None
    postings = postings_of(now, invoice.attrs["number"])
    compared = _compare(now, invoice, postings) if postings.standing > 0 else []
    if not compared:
        return None
    worst = max(compared, key=lambda c: (c.difference - c.allowed, c.basis == "total"))
    if now.at_rest and worst.agrees:
        return IN_ORDER
    wrong = [c for c in compared if not c.agrees] or compared
    counted = (*postings.posted, *postings.taken_back)
    newest = max((invoice, *counted), key=lambda f: (f.version["at"], f.system, f.native_id))
    return Finding(
        satisfied=worst.agrees,
        triggered_at=0,
        trigger_version="",
        owner_system=first_in_role(now, "erp"),
        amount=with_amount(worst.invoiced, worst.difference),
        expected=f"the ledger has invoice {invoice.attrs['number']} as billing issued it: "
        + ", ".join(f"{CALLED[c.basis]} {said(c.invoiced)}" for c in wrong),
        observed="the ledger has "
        + ", ".join(f"{CALLED[c.basis]} {said(with_amount(c.invoiced, c.posted))}" for c in wrong)
        + f"; {said(with_amount(worst.invoiced, worst.allowed))} of difference would be rounding",
        evidence=(
            Evidence(invoice, worst.basis, text(worst.invoiced)),
            *(Evidence(p, worst.basis, text(p.attrs[worst.basis])) for p in counted),
        ),
        ask=_repost(invoice, postings),
        satisfied_by=newest,
        snapshot=newest.version["snapshot"],
    )


def _compare(now: AsOf, invoice: Found, postings: Postings) -> list[Compared]:
    lines = max(f.attrs["line_count"] or 1 for f in (invoice, *postings.posted))
    found = []
    for basis, candidates in BASES.items():
        invoiced = invoice.attrs[basis]
        stated = [c for c in candidates if invoiced and postings.currencies(c) == {invoiced["currency"]}]
        if stated:
            allowed = max(
                tolerance(now, KIND.name, number(invoiced)), lines * HALF * _minor_unit(now, invoiced["currency"])
            )
            found.append(Compared(basis, invoiced, postings.net(stated[0]), allowed))
    return found


def _minor_unit(now: AsOf, currency: str) -> Decimal:
    exponent = now.governance.finance.currencies.get(currency, DEFAULT_EXPONENT)
    return Decimal(1).scaleb(-exponent)


def _repost(invoice: Found, postings: Postings) -> Ask | None:
    """What is posted is never edited: the ERP takes it back and posts it anew."""
    if not postings.posted:
        return None
    target = postings.posted[-1]
    stated = {basis: text(invoice.attrs[basis]) for basis in BASES if invoice.attrs[basis]}
    desired = {"document_type": "invoice", "document_ref": invoice.attrs["number"], **stated}
    return Ask(target.system, "ledger_posting", target.native_id, desired, {b: text(target.attrs[b]) for b in stated})


KIND = Kind(
    number="21",
    name="invoice_amount_mismatch",
    entity="invoice",
    roles=("billing",),
    clock="grace",
    reach={
        ("billing", "invoice"): Itself(),
        ("erp", "ledger_posting"): Refers("number", "document_ref"),
        ("billing", "invoice_line"): Consulted(),
    },
    regarded={
        "invoice": ("status", "net", "tax", "total", "line_count"),
        "ledger_posting": ("status", "document_type", "net", "tax", "total", "ledger_total", "line_count"),
    },
    judge=invoice_amount_mismatch,
    begins=lambda _, version: version["attrs"].get("status") in STATED,
    counterpart=True,
    command="erp.invoice.reverse_and_repost",
    sort="ask",
    finds=PRODUCTS,
    optional=frozenset({("billing", "invoice_line")}),
    for_command=frozenset({("billing", "invoice_line")}),
    condition="InvoiceAmountsAgree",
)
