"""Kind 12, the other way round: nothing is overdue, and the CRM account is still marked as delinquent.

A kind of its own because it counts otherwise: from when the mark and the receivables began to differ."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind
from streams.kinds.overdue import FINDS, LOOKED_AT, OPTIONAL, overdue, payment_status_is_read
from streams.kinds.shared import first_in_role, place


def delinquency_not_cleared(now: AsOf, subject: Subject) -> Answer:
    account = now.subject(*place(subject))
    if account is None or account.attrs["delinquent"] is None or not payment_status_is_read(now):
        return None
    marked, found = account.attrs["delinquent"], overdue(now, KIND.name, account)
    return Finding(
        satisfied=bool(found) or not marked,
        triggered_at=0,
        trigger_version="",
        owner_system=first_in_role(now, "erp"),
        expected=f"account {account.native_id} is not marked as delinquent in {subject.system}: nothing is overdue",
        observed="still marked" if marked else "not marked",
        evidence=(Evidence(account, "delinquent", "true" if marked else "false"),),
        ask=Ask(subject.system, "customer", account.native_id, {"delinquent": "false"}, {"delinquent": "true"}),
        satisfied_by=found[0].invoice if marked and found else account,
        snapshot=account.version["snapshot"],
    )


KIND = Kind(
    number="12",
    name="delinquency_not_cleared",
    entity="customer",
    roles=("crm",),
    clock="grace",
    reach={("crm", "customer"): Itself(), **LOOKED_AT},
    judge=delinquency_not_cleared,
    begins=lambda _, version: version["attrs"].get("delinquent") is not None,
    command="crm.account.set_delinquency",
    sort="copy",
    condition="DelinquencyCleared",
    finds=FINDS,
    optional=OPTIONAL,
)
