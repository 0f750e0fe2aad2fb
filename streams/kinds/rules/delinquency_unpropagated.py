"""Kind 12: an invoice is overdue, and the CRM account is not marked as delinquent."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind
from streams.kinds.overdue import FINDS, LOOKED_AT, OPTIONAL, overdue, owed_in_all, payment_status_is_read
from streams.kinds.shared import first_in_role, place, said


def delinquency_unpropagated(now: AsOf, subject: Subject) -> Answer:
    account = now.subject(*place(subject))
    if account is None or account.attrs["delinquent"] is None or not payment_status_is_read(now):
        return None
    found = overdue(now, KIND.name, account)
    if not found:
        return WAITING
    marked, first, owed = account.attrs["delinquent"], found[0], owed_in_all(found)
    return Finding(
        satisfied=marked,
        triggered_at=first.begins,
        # A row's versions are its own: two invoices may have the same one.
        trigger_version=f"{first.invoice.native_id}:{first.owed.version}",
        snapshot=first.owed.snapshot,
        owner_system=first_in_role(now, "erp"),
        amount=owed,
        expected=f"account {account.native_id} is marked as delinquent in {subject.system}: "
        f"{said(owed)} is overdue, invoice {first.invoice.attrs['number']} since {first.invoice.attrs['due_on']}",
        observed="marked" if marked else "not marked",
        evidence=(
            Evidence(account, "delinquent", _told(marked)),
            *(Evidence(o.invoice, "due_on", o.invoice.attrs["due_on"]) for o in found),
        ),
        ask=Ask(
            subject.system, "customer", account.native_id, {"delinquent": _told(True)}, {"delinquent": _told(marked)}
        ),
        satisfied_by=account if marked else None,
    )


def _told(flag: bool) -> str:
    return "true" if flag else "false"


KIND = Kind(
    number="12",
    name="delinquency_unpropagated",
    entity="customer",
    roles=("crm",),
    clock="deadline",
    put_off=True,
    reach={("crm", "customer"): Itself(), **LOOKED_AT},
    judge=delinquency_unpropagated,
    begins=lambda _, version: version["attrs"].get("delinquent") is not None,
    command="crm.account.set_delinquency",
    sort="copy",
    condition="DelinquencyShown",
    finds=FINDS,
    optional=OPTIONAL,
)
