"""Kind 14, commercial side: a credit memo is posted, and the CRM account view does not show it."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.begun import begun
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shared import first_in_role, place, said, text

_HIDDEN = ("draft", "voided")


def credit_memo_unpropagated(now: AsOf, subject: Subject) -> Answer:
    memo = now.subject(*place(subject))
    posted = begun(now, memo, "posted") if memo else None
    if memo is None or posted is None or not _speaks_for_it(now, subject):
        return None
    number, total = memo.attrs["number"] or subject.native_id, memo.attrs["total"]
    found = now.by_reference("credit_memo", "crm", "number", memo.attrs["number"])
    shown = [f for f in found if f.attrs["status"] not in _HIDDEN]
    crm = first_in_role(now, "crm")
    stated = {"number": number, "total": text(total), "status": "posted", "invoice_ref": memo.attrs["invoice_ref"]}
    return Finding(
        satisfied=bool(shown),
        triggered_at=posted.at,
        trigger_version=posted.version,
        snapshot=posted.snapshot,
        owner_system=subject.system,
        amount=total,
        expected=f"credit memo {number} over {said(total)}, posted in {subject.system}, is shown in the account view "
        f"of {crm}",
        observed="it is shown"
        if shown
        else f"it is there as {found[0].attrs['status']}"
        if found
        else "it is not there",
        evidence=(
            Evidence(memo, "status", memo.attrs["status"]),
            *(Evidence(f, "status", f.attrs["status"]) for f in found),
        ),
        ask=Ask(crm, "credit_memo", found[0].native_id if found else number, stated),
        satisfied_by=shown[0] if shown else None,
    )


def _speaks_for_it(now: AsOf, subject: Subject) -> bool:
    """The ERP owns credit memos; billing's count where no ERP of the deployment states any."""
    governance = now.governance
    in_books = any(governance.carries(system, "credit_memo") for system in governance.in_role("erp"))
    return governance.systems[subject.system].role == "erp" or not in_books


def _spared(now: AsOf, subject: Subject) -> str:
    if _speaks_for_it(now, subject):
        return ""
    books = " and ".join(now.governance.in_role("erp"))
    return (
        f"{books} speaks for credit memos: its own is to be shown in the account view, and not that of {subject.system}"
    )


KIND = Kind(
    number="14",
    name="credit_memo_unpropagated",
    entity="credit_memo",
    roles=("erp", "billing"),
    clock="deadline",
    begins_with="posted",
    reach={
        ("erp", "credit_memo"): Itself(),
        ("billing", "credit_memo"): Itself(),
        ("crm", "credit_memo"): Refers("number", "number"),
    },
    regarded={
        "credit_memo": ("@posted", "status"),
    },
    answered_by=frozenset({("crm", "credit_memo")}),
    judge=credit_memo_unpropagated,
    begins=lambda _, version: "posted" in version["since"],
    spared=_spared,
    command="crm.account_view.upsert_credit_memo",
    sort="copy",
    condition="CreditMemosShown",
)
