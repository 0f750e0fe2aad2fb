"""Finance's rules for posting to the ledger: on which days the books are open, and to which accounts.

They are asked before a command is issued, by the calendar of the legal entity that the subject names, else of the one
that serves the customer."""

from __future__ import annotations

from schemas.instants import ALWAYS, Instant
from streams.governance.legal import LegalEntity
from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Subject
from streams.kinds.shared import place

POSTS = frozenset(
    (
        "erp.invoice.post",
        "erp.invoice.reverse",
        "erp.invoice.reverse_and_repost",
        "erp.credit_memo.post",
        "erp.refund.post",
        "erp.cash.apply",
    )
)
"""Commands that make an entry in the ledger, dated on the day they are performed."""
POSTS_PRODUCTS = frozenset(("erp.invoice.post", "erp.invoice.reverse_and_repost"))
"""Those of them that need an account for every product that is invoiced."""


def closing_until(now: AsOf, subject: Subject) -> Instant | None:
    """The first instant at which the books are not being closed any more; None: they are not."""
    entity, books = _books(now, subject)
    calendar = now.governance.calendar(books)
    last = entity.frozen_to(calendar.day_of(now.instant)) if entity else None
    return None if last is None else calendar.ends(last)


def shut_until(now: AsOf, subject: Subject) -> Instant | None:
    """The first instant of the posting window, ALWAYS once it is over; None: it is open, or none is governed."""
    entity, books = _books(now, subject)
    calendar = now.governance.calendar(books)
    day = calendar.day_of(now.instant)
    window = entity.posting_window if entity else None
    if window is None:
        return None
    if day < window.begins:
        return calendar.begins(window.begins)
    return None if day <= window.ends else ALWAYS


def without_account(now: AsOf, subject: Subject) -> list[str]:
    """Products on the invoice that have no governed accounts."""
    lines = now.by_reference("invoice_line", "billing", "invoice_ref", subject.native_id)
    products = {line.attrs["product_code"] for line in lines if line.system == subject.system}
    return sorted(p for p in products if p and now.governance.finance.accounts(p) is None)


def _books(now: AsOf, subject: Subject) -> tuple[LegalEntity | None, str | None]:
    """The company in whose books the subject is posted, and its code."""
    found: Found | None = now.record(*place(subject))
    named = found.attrs.get("legal_entity") if found else None
    books = named or now.legal_entity
    return now.governance.entities.get(books) if books else None, books
