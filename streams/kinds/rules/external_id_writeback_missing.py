"""Kind 3: billing or the ERP has a customer for a CRM account, and the account does not name it."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import Since, since, with_value
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import All, Itself, Kind
from streams.kinds.shared import is_mapped, place


def external_id_writeback_missing(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    linked = _linked(record) if record else None
    if record is None or linked is None:
        return None
    account = _account(now, record)
    if account is None:
        return WAITING
    field = f"{now.governance.systems[subject.system].role}_ref"
    if not is_mapped(now, account, field):
        return None
    crm, written = account.system, account.attrs[field]
    return Finding(
        satisfied=bool(written),
        triggered_at=linked.at,
        trigger_version=linked.version,
        snapshot=linked.snapshot,
        owner_system=subject.system,
        expected=f"account {account.native_id} in {crm} names its customer in {subject.system}, {subject.native_id}",
        observed=f"it names {written}" if written else f"it names no customer of {subject.system}",
        evidence=(Evidence(record, "crm_ref", record.attrs["crm_ref"]), Evidence(account, field, written)),
        ask=Ask(crm, "customer", account.native_id, {field: subject.native_id}, {field: written}),
        satisfied_by=account if written else None,
    )


def _linked(record: Found) -> Since | None:
    """Since when it is linked, or belongs to this account, whichever came later."""
    stamped = record.version["since"]
    linked, to = since(stamped, "linked"), since(stamped, with_value("linked_to", record.attrs["crm_ref"]))
    # A record of an earlier release knows since when it belongs to its account from its next change on.
    return max(linked, to or linked, key=lambda s: s.at) if linked else None


def _account(now: AsOf, record: Found) -> Found | None:
    """The account in the CRM that the record links to, else in the first CRM that has it."""
    linked = now.governance.systems[record.system].links.get("crm_ref")
    for crm in (linked,) if linked else now.governance.in_role("crm"):
        account = now.record("customer", crm, record.attrs["crm_ref"])
        if account is not None:
            return account
    return None


KIND = Kind(
    number="3",
    name="external_id_writeback_missing",
    entity="customer",
    roles=("billing", "erp"),
    clock="deadline",
    begins_with="linked",
    reach={("billing", "customer"): Itself(), ("erp", "customer"): Itself(), ("crm", "customer"): All()},
    regarded={"customer": ("@linked", "@linked_to", "crm_ref", "billing_ref", "erp_ref")},
    demanded_by={"customer": ("@linked", "@linked_to", "crm_ref")},
    judge=external_id_writeback_missing,
    begins=lambda _, version: "linked" in version["since"],
    command="crm.external_ref.write",
    sort="copy",
    condition="ExternalIdsWritten",
)
