"""Kind 15: money was given back, and billing or the ledger does not know.

Billing knows it by a refund of the same reference or by a credit memo that covers it; the ledger by posted refunds of
the same amount that state its reference."""

from __future__ import annotations

from decimal import Decimal

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shared import first_in_role, number, place, said, text, tolerance, with_amount

NOT_IN_THE_LEDGER, NOT_IN_BILLING = "S1", "S2"


def refund_unpropagated(now: AsOf, subject: Subject) -> Answer:
    refund = now.subject(*place(subject))
    settled = begun(now, refund, "settled") if refund else None
    if refund is None or settled is None or not number(refund.attrs["total"]):
        return None
    given = refund.attrs["total"]
    postings, known = _postings(now, refund), _known_to_billing(now, refund)
    posted = sum((abs(number(p.attrs["total"])) for p in postings), Decimal(0))
    agrees = abs(abs(number(given)) - posted) <= tolerance(now, KIND.name, number(given))
    erp, billing = first_in_role(now, "erp"), first_in_role(now, "billing")
    reference = refund.attrs["reference"] or refund.native_id
    answered = max(
        (p for p in (*postings, *known)), key=lambda f: (f.version["at"], f.system, f.native_id), default=None
    )
    return Finding(
        satisfied=agrees and bool(known),
        triggered_at=settled.at,
        trigger_version=settled.version,
        snapshot=settled.snapshot,
        owner_system=billing if agrees else erp,
        amount=given,
        expected=f"refund {reference} over {said(given)} is known to {billing} and posted in the ledger of {erp}",
        observed="; ".join(
            (
                "posted" if agrees else _in_the_ledger(given, postings, posted, erp),
                f"known to {billing}" if known else f"{billing} has neither refund nor credit memo for it",
            )
        ),
        evidence=(
            Evidence(refund, "status", refund.attrs["status"]),
            *(Evidence(p, "total", text(p.attrs["total"])) for p in postings[-1:]),
        ),
        ask=None if agrees or postings else _post(erp, refund),
        severity=NOT_IN_BILLING if agrees else NOT_IN_THE_LEDGER,
        satisfied_by=answered,
    )


def _postings(now: AsOf, refund: Found) -> list[Found]:
    currency = refund.attrs["total"]["currency"]
    return [
        p
        for p in now.by_reference("ledger_posting", "erp", "document_ref", refund.attrs["reference"])
        if p.attrs["document_type"] == "refund"
        and p.attrs["status"] == "posted"
        and (p.attrs["total"] or {}).get("currency") == currency
    ]


def _known_to_billing(now: AsOf, refund: Found) -> list[Found]:
    same = now.by_reference("refund", "billing", "reference", refund.attrs["reference"])
    known = [r for r in same if r.attrs["status"] in ("settled", None)]
    return known or _credited(now, refund)


def _credited(now: AsOf, refund: Found) -> list[Found]:
    given = refund.attrs["total"]
    memos = [
        m
        for m in now.by_reference("credit_memo", "billing", "invoice_ref", refund.attrs["invoice_ref"])
        if m.attrs["status"] == "posted" and (m.attrs["total"] or {}).get("currency") == given["currency"]
    ]
    credited = sum((abs(number(m.attrs["total"])) for m in memos), Decimal(0))
    return memos if credited >= abs(number(given)) - tolerance(now, KIND.name, number(given)) else []


def _in_the_ledger(given: dict[str, str], postings: list[Found], posted: Decimal, erp: str) -> str:
    if postings:
        return f"posted in {erp} over {said(with_amount(given, posted))}"
    return f"no posting in {erp} refers to it"


def _post(erp: str, refund: Found) -> Ask | None:
    reference = refund.attrs["reference"]
    if not reference:
        return None
    desired = {"document_type": "refund", "document_ref": reference, "total": text(refund.attrs["total"])}
    return Ask(erp, "ledger_posting", reference, desired)


KIND = Kind(
    number="15",
    name="refund_unpropagated",
    entity="refund",
    roles=("processor",),
    clock="deadline",
    begins_with="settled",
    reach={
        ("processor", "refund"): Itself(),
        ("billing", "refund"): Refers("reference", "reference"),
        ("billing", "credit_memo"): Refers("invoice_ref", "invoice_ref"),
        ("erp", "ledger_posting"): Refers("reference", "document_ref"),
    },
    judge=refund_unpropagated,
    command="erp.refund.post",
    sort="ask",
    condition="RefundsPropagated",
    optional=frozenset({("billing", "credit_memo")}),
)
