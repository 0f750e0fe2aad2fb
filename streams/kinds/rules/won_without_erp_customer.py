"""Kind 1: a deal is won, and the ERP has no customer for its account."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import since
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import All, Itself, Kind
from streams.kinds.shared import first_in_role, place


def won_without_erp_customer(now: AsOf, subject: Subject) -> Answer:
    deal = now.subject(*place(subject))
    won = since(deal.version["since"], "won") if deal else None
    if deal is None or won is None:
        return None
    customers = now.in_role("customer", "erp")
    account = now.record("customer", subject.system, deal.version["customer"])
    erp = first_in_role(now, "erp")
    return Finding(
        satisfied=bool(customers),
        triggered_at=won.at,
        trigger_version=won.version,
        snapshot=won.snapshot,
        owner_system=erp,
        amount=deal.attrs["value"],
        expected=f"a customer in {erp} for the account of won deal {deal.attrs['name'] or deal.native_id}",
        observed=f"{len(customers)} customers" if customers else "none",
        evidence=(Evidence(deal, "stage", deal.attrs["stage"]),),
        ask=_create_customer(erp, account) if account else None,
        satisfied_by=customers[0] if customers else None,
    )


def _create_customer(erp: str, account: Found) -> Ask:
    copied = ("name", "tax_id", "country", "currency", "legal_entity")
    desired: dict[str, str | None] = {name: account.attrs[name] for name in copied}
    return Ask(erp, "customer", account.native_id, desired | {"crm_ref": account.native_id})


KIND = Kind(
    number="1",
    name="won_without_erp_customer",
    entity="opportunity",
    roles=("crm",),
    clock="deadline",
    reach={("crm", "opportunity"): Itself(), ("crm", "customer"): All(), ("erp", "customer"): All()},
    judge=won_without_erp_customer,
    command="erp.customer.upsert",
    sort="ask",
    condition="CustomerProvisioned",
)
