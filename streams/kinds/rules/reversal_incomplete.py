"""Kind 19: an invoice was voided in billing, and the ledger has only one leg of its reversal.

Either the original still stands, or it was taken back without ever having been posted. A posted credit memo over the
whole amount takes an invoice back as well as a reversal does. What was never posted needs no reversal."""

from __future__ import annotations

from decimal import Decimal

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.books import PRODUCTS, Postings, postings_of
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Consulted, Itself, Kind, Refers
from streams.kinds.shared import first_in_role, number, place, said, tolerance


def reversal_incomplete(now: AsOf, subject: Subject) -> Answer:
    invoice = now.subject(*place(subject))
    voided = begun(now, invoice, "voided") if invoice else None
    if invoice is None or voided is None:
        return None
    document = invoice.attrs["number"]
    postings = postings_of(now, document)
    credit = _credited_in_full(now, invoice) if postings.standing == 1 else None
    complete = postings.standing == 0 or credit is not None
    erp = first_in_role(now, "erp")
    return Finding(
        satisfied=complete,
        triggered_at=voided.at,
        trigger_version=voided.version,
        snapshot=voided.snapshot,
        owner_system=erp,
        amount=invoice.attrs["total"],
        expected=f"voided invoice {document or invoice.native_id} over {said(invoice.attrs['total'])} "
        f"leaves nothing in the ledger of {erp}",
        observed=_observed(postings, complete),
        evidence=(
            Evidence(invoice, "status", invoice.attrs["status"]),
            *(Evidence(p, "status", p.attrs["status"]) for p in (postings.newest,) if p),
        ),
        ask=_missing_leg(erp, postings, document),
        satisfied_by=credit or postings.newest or invoice,
    )


def _credited_in_full(now: AsOf, invoice: Found) -> Found | None:
    """The last of the posted credit memos that together are worth the invoice."""
    total = invoice.attrs["total"]
    memos = [
        memo
        for memo in now.by_reference("credit_memo", "erp", "invoice_ref", invoice.attrs["number"])
        if memo.attrs["status"] == "posted"
        and total
        and (memo.attrs["total"] or {}).get("currency") == total["currency"]
    ]
    credited = sum((abs(number(memo.attrs["total"])) for memo in memos), Decimal(0))
    if not memos or abs(abs(number(total)) - credited) > tolerance(now, KIND.name, number(total)):
        return None
    return max(memos, key=lambda m: (m.version["at"], m.system, m.native_id))


def _observed(postings: Postings, complete: bool) -> str:
    if complete:
        return "nothing of it is left"
    if postings.standing < 0:
        return "the reversal is posted, the original it takes back is not"
    standing = ", ".join(f"{p.native_id} over {said(p.attrs['total'])}" for p in postings.posted)
    return f"posting {standing} stands, and no reversal of it is posted"


def _missing_leg(erp: str, postings: Postings, document: str | None) -> Ask | None:
    if not document:
        return None
    if postings.standing < 0:
        desired = {"document_type": "invoice", "document_ref": document}
        return Ask(erp, "ledger_posting", document, desired, command="erp.invoice.post")
    if not postings.posted:
        return None
    original = postings.posted[-1]
    reversal = {"document_type": "reversal", "document_ref": document}
    return Ask(erp, "ledger_posting", original.native_id, reversal, {"status": original.attrs["status"]})


KIND = Kind(
    number="19",
    name="reversal_incomplete",
    entity="invoice",
    roles=("billing",),
    clock="deadline",
    begins_with="voided",
    reach={
        ("billing", "invoice"): Itself(),
        ("erp", "ledger_posting"): Refers("number", "document_ref"),
        ("erp", "credit_memo"): Refers("number", "invoice_ref"),
        ("billing", "invoice_line"): Consulted(),
    },
    judge=reversal_incomplete,
    begins=lambda _, version: "voided" in version["since"],
    command="erp.invoice.reverse",
    sort="ask",
    finds=PRODUCTS,
    booked_on=(),
    condition="ReversalsComplete",
    optional=frozenset({("erp", "credit_memo"), ("billing", "invoice_line")}),
    for_command=frozenset({("billing", "invoice_line")}),
)
