"""Kind 11, for each system that shows an invoice: its payment status against what was received.

Where credit memos are worth what is left, systems call it paid or paid in part, as is their custom: both are right."""

from __future__ import annotations

from decimal import Decimal

from schemas.money import plain
from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.received import IN_PART, PAID, Received, received
from streams.kinds.shared import number, place, said, tolerance, with_amount

SHOWS_PAYMENT = ("posted", "paid")


def payment_status_shown(now: AsOf, subject: Subject, kind: str) -> Answer:
    """The invoice of the subject's system says what processor and ERP have received for it."""
    invoice = now.subject(*place(subject))
    if invoice is None or invoice.attrs["status"] not in SHOWS_PAYMENT:
        return None
    total = invoice.attrs["total"]
    allowed = tolerance(now, kind, number(total))
    money = received(now, invoice, allowed) if number(total) > 0 else None
    shown = _shown(invoice)
    if money is None or (shown is None and money.status != PAID):
        return None
    demanded = {"payment_status": money.status}
    credits = _credited(now, invoice) if shown == PAID != money.status else []
    left = number(total) - money.amount - _worth(credits)
    return Finding(
        satisfied=left <= allowed if credits else shown == money.status and not _other_amount(invoice, money, allowed),
        triggered_at=money.decided.at,
        trigger_version=money.decided.version,
        snapshot=money.decided.snapshot,
        owner_system=money.by.system,
        amount=with_amount(total, money.amount or number(total)),
        expected=f"invoice {invoice.attrs['number']} over {said(total)} is {_called(money.status)} "
        f"in {subject.system}: {_why(invoice, money)}",
        observed=f"{subject.system} shows it as {_called(shown or invoice.attrs['status'])}{_shown_amount(invoice)}",
        evidence=(
            Evidence(money.by, "status", money.by.attrs["status"]),
            Evidence(invoice, "payment_status", invoice.attrs["payment_status"]),
        ),
        ask=Ask(
            subject.system,
            "invoice",
            subject.native_id,
            demanded | ({"paid": plain(money.amount)} if invoice.attrs["paid"] else {}),
            {"payment_status": invoice.attrs["payment_status"]},
        ),
        satisfied_by=newest((invoice, *credits)),
    )


def _shown(invoice: Found) -> str | None:
    """A system without a payment status says no more than paid or not."""
    status: str | None = invoice.attrs["payment_status"]
    return status or (PAID if invoice.attrs["status"] == "paid" else None)


def _credited(now: AsOf, invoice: Found) -> list[Found]:
    """Credit memos of the invoice, from the ERP or from billing, whichever has more. A memo in both counts once."""
    return max((_memos(now, invoice, role) for role in ("erp", "billing")), key=_worth)


def _memos(now: AsOf, invoice: Found, role: str) -> list[Found]:
    is_own, currency = now.governance.systems[invoice.system].role == role, invoice.attrs["total"]["currency"]
    return [
        memo
        for memo in now.by_reference("credit_memo", role, "invoice_ref", invoice.attrs["number"])
        if memo.attrs["status"] == "posted"
        and (memo.attrs["total"] or {}).get("currency") == currency
        and (memo.system == invoice.system or not is_own)
    ]


def _worth(memos: list[Found]) -> Decimal:
    return sum((abs(number(memo.attrs["total"])) for memo in memos), Decimal(0))


def _other_amount(invoice: Found, money: Received, allowed: Decimal) -> bool:
    """Paid in part, and the system knows of another part."""
    paid = invoice.attrs["paid"]
    if money.status != IN_PART or paid is None or paid["currency"] != invoice.attrs["total"]["currency"]:
        return False
    return abs(number(paid) - money.amount) > allowed


def _why(invoice: Found, money: Received) -> str:
    reference = money.by.attrs.get("reference") or money.by.attrs.get("payment_ref") or money.by.native_id
    if not money.amount:
        return f"payment {reference} failed in {money.by.system}"
    return f"{said(with_amount(invoice.attrs['total'], money.amount))} came in, last by payment {reference}"


def _shown_amount(invoice: Found) -> str:
    return f", with {said(invoice.attrs['paid'])} received" if invoice.attrs["paid"] else ""


def _called(status: str) -> str:
    return status.replace("_", " ")
