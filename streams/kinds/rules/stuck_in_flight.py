"""Kind 41: a document has been on its way into the ledger for too long; whether it arrived is not known."""

from __future__ import annotations

from decimal import Decimal

from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind
from streams.kinds.shared import first_in_role, place, said, with_amount

BUSINESS_KEY = {"invoice": "number", "ledger_posting": "document_ref"}


def stuck_in_flight(now: AsOf, subject: Subject) -> Answer:
    document = now.subject(*place(subject))
    if document is None:
        return None
    status, number, total = (document.attrs[a] for a in ("status", BUSINESS_KEY[subject.entity], "total"))
    in_flight = status == "posting"
    erp = first_in_role(now, "erp")
    return Finding(
        satisfied=not in_flight,
        triggered_at=0,
        trigger_version="",
        snapshot=document.version["snapshot"],
        owner_system=erp,
        amount=with_amount(total, abs(Decimal(total["amount"]))) if total else None,
        expected=f"{_called(document, number)}, {said(total)}, is posted in {erp} or refused by it",
        observed=f"{subject.system} is still posting it: it may or may not have arrived"
        if in_flight
        else f"it is {status or 'in no known state'} in {subject.system}",
        evidence=(Evidence(document, "status", status),),
        ask=_look_up(erp, document, number) if number else None,
        satisfied_by=None if in_flight else document,
    )


def _called(document: Found, number: str | None) -> str:
    if document.entity == "invoice":
        return f"invoice {number or document.native_id}"
    kind = (document.attrs["document_type"] or "document").replace("_", " ")
    return f"posting {document.native_id} of {kind} {number or 'without a number'}"


def _look_up(erp: str, document: Found, number: str) -> Ask:
    """Look the document up by its number, which both sides know. If it is found it is linked, else posted again."""
    document_type = "invoice" if document.entity == "invoice" else document.attrs["document_type"]
    return Ask(erp, "ledger_posting", number, {"document_ref": number, "document_type": document_type})


def _row(entity: str, role: str) -> Kind:
    return Kind(
        number="41",
        name="stuck_in_flight",
        entity=entity,
        roles=(role,),
        clock="grace",
        reach={(role, entity): Itself()},
        judge=stuck_in_flight,
        begins=lambda _, version: version["attrs"].get("status") == "posting",
        command="target.lookup_by_business_key",
        sort="ask",
        condition="NothingInFlight",
        several=True,
    )


KINDS = (_row("invoice", "billing"), _row("ledger_posting", "erp"))
