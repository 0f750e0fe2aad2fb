"""Kind 1: a deal is won, and the ERP has no customer for its account."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import All, Itself, Kind
from streams.kinds.shared import first_in_role, place, said

CLOSED = "churned"


def won_without_erp_customer(now: AsOf, subject: Subject) -> Answer:
    deal = now.subject(*place(subject))
    won = begun(now, deal, "won") if deal else None
    if deal is None or won is None:
        return None
    customers = now.in_role("customer", "erp")
    account = now.record("customer", subject.system, deal.version["customer"])
    answer = _linked(customers, account)
    erp = first_in_role(now, "erp")
    name = deal.attrs["name"] or deal.native_id
    return Finding(
        satisfied=answer is not None,
        triggered_at=won.at,
        trigger_version=won.version,
        snapshot=won.snapshot,
        owner_system=erp,
        amount=deal.attrs["value"],
        expected=f"a customer in {erp} for the account of won deal {name}, {said(deal.attrs['value'])}",
        observed=_observed(customers, answer),
        evidence=(Evidence(deal, "stage", deal.attrs["stage"]),),
        ask=_create_customer(erp, account) if account else None,
        satisfied_by=answer,
    )


def _linked(customers: list[Found], account: Found | None) -> Found | None:
    """The customer linked by the crosswalk, or else the account that names one by its external id.

    A named customer that nothing links back is not to be created once more: whether the id is right is kind 4."""
    living = [c for c in customers if c.attrs["status"] != CLOSED]
    if living:
        return living[0]
    named = account.attrs["erp_ref"] if account else None
    return account if named and named not in {c.native_id for c in customers} else None


def _observed(customers: list[Found], answer: Found | None) -> str:
    if answer is None:
        closed = ", ".join(c.native_id for c in customers)
        return f"only {closed}, which is closed" if closed else "none"
    named = answer.attrs["erp_ref"]
    return f"the account names {named}" if answer not in customers else f"customer {answer.native_id}"


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
    begins_with="won",
    reach={("crm", "opportunity"): Itself(), ("crm", "customer"): All(), ("erp", "customer"): All()},
    regarded={
        "opportunity": ("@won",),
        "customer": ("status=churned", "erp_ref"),
    },
    demanded_by={"opportunity": ("@won",)},
    answered_by=frozenset({("crm", "customer"), ("erp", "customer")}),
    judge=won_without_erp_customer,
    begins=lambda _, version: "won" in version["since"],
    command="erp.customer.upsert",
    sort="ask",
    condition="CustomerProvisioned",
)
