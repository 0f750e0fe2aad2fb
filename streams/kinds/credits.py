"""What an invoice was credited: as the ERP says, and as billing does where the ERP has no such memo.

The ERP owns credit memos: one that it has voided credits nothing, whatever billing says of it. One that it has only
drafted it has not decided on yet."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found


def credits_of(now: AsOf, document: str | None) -> list[Found]:
    """The posted memos of an invoice number, each once."""
    in_erp = now.by_reference("credit_memo", "erp", "invoice_ref", document)
    books = [memo for memo in in_erp if memo.attrs["status"] != "draft"]
    billed = now.by_reference("credit_memo", "billing", "invoice_ref", document)
    memos = [*books, *(memo for memo in billed if not any(_is_same(memo, other) for other in books))]
    return [memo for memo in memos if memo.attrs["status"] == "posted"]


def _is_same(one: Found, other: Found) -> bool:
    """A memo without a number may be any: better one credit too few than one counted twice."""
    numbers = one.attrs["number"], other.attrs["number"]
    return None in numbers or numbers[0] == numbers[1]
