"""Kind 14, ledger side: a credit memo is posted in the ERP or in billing, and the other does not have it."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Either, Itself, Kind, Refers
from streams.kinds.shared import first_in_role, is_mapped, place, said, text

_OF_ITS_NUMBER = Either((Itself(), Refers("number", "number")))  # one without a number is found by none
_OTHER = {"erp": "billing", "billing": "erp"}
_COMMANDS = {"erp": "erp.credit_memo.post", "billing": "billing.credit_memo.create"}


def credit_memo_without_counterpart(now: AsOf, subject: Subject) -> Answer:
    memo = now.subject(*place(subject))
    posted = begun(now, memo, "posted") if memo else None
    other = _OTHER[now.governance.systems[subject.system].role]
    carried = any(now.governance.carries(system, "credit_memo") for system in now.governance.in_role(other))
    if memo is None or posted is None or not carried:
        return None
    if not memo.attrs["number"] and not is_mapped(now, memo, "number"):
        return None
    number, total, target = memo.attrs["number"] or subject.native_id, memo.attrs["total"], first_in_role(now, other)
    found = _counterparts(now, other, memo.attrs["number"])
    standing = [f for f in found if f.attrs["status"] == "posted"]
    stated = {"number": number, "total": text(total), "invoice_ref": memo.attrs["invoice_ref"]}
    return Finding(
        satisfied=bool(standing),
        triggered_at=posted.at,
        trigger_version=posted.version,
        snapshot=posted.snapshot,
        owner_system=target,
        amount=total,
        expected=f"credit memo {number} over {said(total)}, posted in {subject.system}, is posted in {target} too",
        observed="it is posted" if standing else _instead(memo, found),
        evidence=(
            Evidence(memo, "status", memo.attrs["status"]),
            *(Evidence(f, "status", f.attrs["status"]) for f in found),
        ),
        # Without a number the other could not tell a second memo from the first: nothing to ask for.
        ask=Ask(target, "credit_memo", found[0].native_id if found else number, stated, command=_COMMANDS[other])
        if memo.attrs["number"]
        else None,
        satisfied_by=standing[0] if standing else None,
    )


def _counterparts(now: AsOf, role: str, number: str | None) -> list[Found]:
    """In the ERP a posting of the memo in the general ledger says as much as a memo of its own."""
    memos = now.by_reference("credit_memo", role, "number", number)
    if role != "erp":
        return memos
    postings = now.by_reference("ledger_posting", "erp", "document_ref", number)
    return [*memos, *(p for p in postings if p.attrs["document_type"] == "credit_memo")]


def _instead(memo: Found, found: list[Found]) -> str:
    if not memo.attrs["number"]:
        return "it has no number, and so nothing there has its number"
    return f"it is {found[0].attrs['status'] or 'there'} only" if found else "nothing there has its number"


KIND = Kind(
    number="14",
    name="credit_memo_without_counterpart",
    entity="credit_memo",
    roles=("erp", "billing"),
    clock="deadline",
    begins_with="posted",
    reach={
        ("erp", "credit_memo"): _OF_ITS_NUMBER,
        ("billing", "credit_memo"): _OF_ITS_NUMBER,
        ("erp", "ledger_posting"): Refers("number", "document_ref"),
    },
    regarded={
        "credit_memo": ("@posted", "status"),
        "ledger_posting": ("status", "document_type"),
    },
    answered_by=frozenset({("erp", "credit_memo"), ("billing", "credit_memo"), ("erp", "ledger_posting")}),
    judge=credit_memo_without_counterpart,
    begins=lambda _, version: "posted" in version["since"],
    command="billing.credit_memo.create",
    sort="ask",
    condition="CreditMemosBooked",
    optional=frozenset({("erp", "ledger_posting")}),
)
