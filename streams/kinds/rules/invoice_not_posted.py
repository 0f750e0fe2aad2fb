"""Kind 8: an invoice is posted in billing, and it does not stand in the general ledger."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.begun import begun
from streams.kinds.books import PRODUCTS, Postings, postings_of
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Consulted, Itself, Kind, Refers
from streams.kinds.shared import first_in_role, place, said


def invoice_not_posted(now: AsOf, subject: Subject) -> Answer:
    invoice = now.subject(*place(subject))
    posted = begun(now, invoice, "posted") if invoice else None
    if invoice is None or posted is None:
        return None
    document = invoice.attrs["number"]
    postings = postings_of(now, document)
    stands = postings.standing > 0
    erp = first_in_role(now, "erp")
    return Finding(
        satisfied=stands,
        triggered_at=posted.at,
        trigger_version=posted.version,
        snapshot=posted.snapshot,
        owner_system=erp,
        amount=invoice.attrs["total"],
        expected=f"invoice {document or invoice.native_id} over {said(invoice.attrs['total'])} "
        f"is posted in the ledger of {erp}",
        observed=_observed(postings),
        evidence=(
            Evidence(invoice, "status", invoice.attrs["status"]),
            *(Evidence(p, "status", p.attrs["status"]) for p in (postings.newest,) if p),
        ),
        # Without a number the ledger could not tell a second posting from the first: nothing to ask for.
        ask=Ask(erp, "ledger_posting", document, {"document_type": "invoice", "document_ref": document})
        if document
        else None,
        satisfied_by=postings.posted[-1] if stands and postings.posted else None,
    )


def _observed(postings: Postings) -> str:
    if postings.standing > 0:
        return "posted"
    if postings.unfinished:
        waiting = postings.unfinished[-1]
        return f"posting {waiting.native_id} is there and still {waiting.attrs['status']}"
    if postings.reversed or postings.reversals:
        return "its posting was reversed, and nothing was posted in its place"
    return "no posting refers to it"


KIND = Kind(
    number="8",
    name="invoice_not_posted",
    entity="invoice",
    roles=("billing",),
    clock="deadline",
    begins_with="posted",
    reach={
        ("billing", "invoice"): Itself(),
        ("erp", "ledger_posting"): Refers("number", "document_ref"),
        ("billing", "invoice_line"): Consulted(),
    },
    regarded={
        "invoice": ("@posted",),
        "ledger_posting": ("status", "document_type"),
    },
    demanded_by={"invoice": ("@posted",)},
    answered_by=frozenset({("erp", "ledger_posting")}),
    judge=invoice_not_posted,
    begins=lambda _, version: "posted" in version["since"],
    command="erp.invoice.post",
    sort="ask",
    finds=PRODUCTS,
    optional=frozenset({("billing", "invoice_line")}),
    for_command=frozenset({("billing", "invoice_line")}),
    booked_on=("issued_on",),
    condition="InvoicesPosted",
)
