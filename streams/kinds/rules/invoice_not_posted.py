"""Kind 8: an invoice is posted in billing, and the general ledger does not have it."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.facts import since
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shared import first_in_role, place


def invoice_not_posted(now: AsOf, subject: Subject) -> Answer:
    invoice = now.subject(*place(subject))
    posted = since(invoice.version["since"], "posted") if invoice else None
    if invoice is None or posted is None:
        return None
    number = invoice.attrs["number"]
    postings = [
        p
        for p in now.by_reference("ledger_posting", "erp", "document_ref", number)
        if p.attrs["document_type"] == "invoice" and p.attrs["status"] == "posted"
    ]
    erp = first_in_role(now, "erp")
    return Finding(
        satisfied=bool(postings),
        triggered_at=posted.at,
        trigger_version=posted.version,
        snapshot=posted.snapshot,
        owner_system=erp,
        amount=invoice.attrs["total"],
        expected=f"invoice {number} is posted in the ledger of {erp}",
        observed="posted" if postings else "no posting refers to it",
        evidence=(Evidence(invoice, "status", invoice.attrs["status"]),),
        ask=Ask(erp, "ledger_posting", number, {"document_type": "invoice", "document_ref": number}),
        satisfied_by=postings[0] if postings else None,
    )


KIND = Kind(
    number="8",
    name="invoice_not_posted",
    entity="invoice",
    roles=("billing",),
    clock="deadline",
    reach={("billing", "invoice"): Itself(), ("erp", "ledger_posting"): Refers("number", "document_ref")},
    judge=invoice_not_posted,
    command="erp.invoice.post",
    sort="ask",
    condition="InvoicesPosted",
)
