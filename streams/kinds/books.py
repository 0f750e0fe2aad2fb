"""What the ledger says about a document: its postings, and what stands of them once reversals are taken off."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.shared import number

PRODUCTS = (("invoice_line", "invoice_ref"),)
"""What a kind whose command posts invoices finds: the products for which accounts must be governed."""


class Postings(NamedTuple):
    """The postings of one document.

    A reversal is known by its own posting, by the original's status, or by both: the original then counts as posted
    and taken back once."""

    posted: tuple[Found, ...]
    reversed: tuple[Found, ...]
    reversals: tuple[Found, ...]
    unfinished: tuple[Found, ...]

    @property
    def standing(self) -> int:
        """How often the document stands in the ledger; below zero, more was taken back than was ever posted."""
        return len(self.posted) + len(self.reversed) - max(len(self.reversed), len(self.reversals))

    @property
    def taken_back(self) -> tuple[Found, ...]:
        """Reversals beyond those that originals marked as reversed account for."""
        return self.reversals[len(self.reversed) :]

    @property
    def newest(self) -> Found | None:
        found = (*self.posted, *self.reversed, *self.reversals, *self.unfinished)
        return max(found, key=lambda f: (f.version["at"], f.system, f.native_id), default=None)

    def currencies(self, attribute: str) -> set[str | None]:
        """Currencies of the postings that count; None for a posting that does not state the attribute."""
        amounts = [p.attrs[attribute] for p in (*self.posted, *self.taken_back)]
        return {a["currency"] if a else None for a in amounts}

    def net(self, attribute: str) -> Decimal:
        """What stands, in money; reversals count as taking away whichever sign the ledger gives them."""
        given = sum((number(p.attrs[attribute]) for p in self.posted), Decimal(0))
        taken = sum((abs(number(p.attrs[attribute])) for p in self.taken_back), Decimal(0))
        return given - taken if given >= 0 else given + taken


def postings_of(now: AsOf, document: str | None) -> Postings:
    """The postings that state the number of an invoice, as the instant knows them."""
    found = now.by_reference("ledger_posting", "erp", "document_ref", document)
    found.sort(key=lambda f: (f.version["at"], f.system, f.native_id))
    originals = [p for p in found if p.attrs["document_type"] == "invoice"]
    return Postings(
        posted=tuple(p for p in originals if p.attrs["status"] == "posted"),
        reversed=tuple(p for p in originals if p.attrs["status"] == "reversed"),
        reversals=tuple(p for p in found if p.attrs["document_type"] == "reversal" and p.attrs["status"] == "posted"),
        unfinished=tuple(p for p in originals if p.attrs["status"] in ("draft", "posting")),
    )
