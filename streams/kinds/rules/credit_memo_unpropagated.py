"""Kind 14: a credit memo is posted, and the CRM account view does not show it."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.facts import since
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shared import first_in_role, place, text


def credit_memo_unpropagated(now: AsOf, subject: Subject) -> Answer:
    memo = now.subject(*place(subject))
    posted = since(memo.version["since"], "posted") if memo else None
    if memo is None or posted is None:
        return None
    number = memo.attrs["number"]
    shown = now.by_reference("credit_memo", "crm", "number", number)
    crm = first_in_role(now, "crm")
    return Finding(
        satisfied=bool(shown),
        triggered_at=posted.at,
        trigger_version=posted.version,
        snapshot=posted.snapshot,
        owner_system=subject.system,
        amount=memo.attrs["total"],
        expected=f"credit memo {number} is shown in the account view of {crm}",
        observed="shown" if shown else "not there",
        evidence=(Evidence(memo, "status", memo.attrs["status"]),),
        ask=Ask(crm, "credit_memo", number, {"number": number, "total": text(memo.attrs["total"]), "status": "posted"}),
        satisfied_by=shown[0] if shown else None,
    )


KIND = Kind(
    number="14",
    name="credit_memo_unpropagated",
    entity="credit_memo",
    roles=("erp",),
    clock="deadline",
    reach={("erp", "credit_memo"): Itself(), ("crm", "credit_memo"): Refers("number", "number")},
    judge=credit_memo_unpropagated,
    command="crm.account_view.upsert_credit_memo",
    sort="copy",
    condition="CreditMemosShown",
)
