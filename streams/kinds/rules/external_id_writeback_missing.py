"""Kind 3: billing or the ERP has a customer for a CRM account, and the account does not name it."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.facts import since
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import All, Itself, Kind
from streams.kinds.shared import first_in_role, place


def external_id_writeback_missing(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    linked = since(record.version["since"], "linked") if record else None
    if record is None or linked is None:
        return None
    role = now.governance.systems[subject.system].role
    field = f"{role}_ref"
    crm = first_in_role(now, "crm")
    account = now.record("customer", crm, record.attrs["crm_ref"])
    if account is None:
        return WAITING
    written = account.attrs[field]
    return Finding(
        satisfied=bool(written),
        triggered_at=linked.at,
        trigger_version=linked.version,
        snapshot=linked.snapshot,
        owner_system=subject.system,
        expected=f"the account in {crm} names its customer in {subject.system}, {subject.native_id}",
        observed=written or "nothing",
        evidence=(Evidence(record, "crm_ref", record.attrs["crm_ref"]), Evidence(account, field, written)),
        ask=Ask(crm, "customer", account.native_id, {field: subject.native_id}, {field: written}),
        satisfied_by=account if written else None,
    )


KIND = Kind(
    number="3",
    name="external_id_writeback_missing",
    entity="customer",
    roles=("billing", "erp"),
    clock="deadline",
    reach={("billing", "customer"): Itself(), ("erp", "customer"): Itself(), ("crm", "customer"): All()},
    judge=external_id_writeback_missing,
    command="crm.external_ref.write",
    sort="copy",
    condition="ExternalIdsWritten",
)
