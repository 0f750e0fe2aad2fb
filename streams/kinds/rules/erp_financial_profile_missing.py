"""Kind 6: a subscription is active, and finance has not set its customer up in the company that sells it."""

from __future__ import annotations

from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import All, Itself, Kind
from streams.kinds.references import EVERY
from streams.kinds.shared import first_in_role, is_mapped, place

REQUIRED = {
    # attribute -> as it is called; the customer's own tax number will do where the profile has none
    "receivable_account": "receivable account",
    "payment_terms": "payment terms",
    "tax_registration": "tax registration",
    "currency": "currency",
}


class Setup(NamedTuple):
    """What there is in the ERP for the customer in the selling company."""

    customers: list[Found]
    company: str | None
    profile: Found | None
    """The most complete one."""
    lacks: list[str]


def erp_financial_profile_missing(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    activated = begun(now, subscription, "activated") if subscription else None
    if subscription is None or activated is None:
        return None
    erp, setup = first_in_role(now, "erp"), _setup(now, subscription)
    complete = setup.profile is not None and not setup.lacks
    name = subscription.attrs["number"] or subscription.native_id
    company = f"company {setup.company}" if setup.company else "the selling company"
    return Finding(
        satisfied=complete,
        triggered_at=activated.at,
        trigger_version=activated.version,
        snapshot=activated.snapshot,
        owner_system=erp,
        amount=subscription.attrs["total_value"],
        expected=f"{erp} has an active financial profile of the customer in {company} with "
        f"{', '.join(REQUIRED.values())}: subscription {name} is active",
        observed=_observed(setup),
        evidence=_evidence(subscription, setup.profile),
        ask=_complete(erp, subscription, setup) if setup.customers else None,
        satisfied_by=setup.profile if complete else None,
    )


def _setup(now: AsOf, subscription: Found) -> Setup:
    customers = now.in_role("customer", "erp")
    company = subscription.attrs["legal_entity"] or next((c.attrs["legal_entity"] for c in customers), None)
    profiles = [
        p for p in now.in_role("financial_profile", "erp") if company in (None, p.attrs["legal_entity"] or company)
    ]
    found = [(profile, _lacks(now, profile, customers)) for profile in profiles]
    profile, lacks = min(found, key=lambda f: len(f[1]), default=(None, []))
    return Setup(customers, company, profile, lacks)


def _lacks(now: AsOf, profile: Found, customers: list[Found]) -> list[str]:
    missing = {name for name in REQUIRED if not profile.attrs[name] and is_mapped(now, profile, name)}
    if any(c.attrs["tax_id"] for c in customers):
        missing.discard("tax_registration")
    draft = ["its activation"] if profile.attrs["status"] == "draft" else []
    return draft + [said for name, said in REQUIRED.items() if name in missing]


def _observed(setup: Setup) -> str:
    if setup.profile is None:
        return "no profile" if setup.customers else "no profile, and no customer either"
    if setup.lacks:
        return f"profile {setup.profile.native_id} lacks {', '.join(setup.lacks)}"
    return f"profile {setup.profile.native_id} is complete"


def _evidence(subscription: Found, profile: Found | None) -> tuple[Evidence, ...]:
    status = Evidence(subscription, "status", subscription.attrs["status"])
    return (status, Evidence(profile, "status", profile.attrs["status"])) if profile else (status,)


def _complete(erp: str, subscription: Found, setup: Setup) -> Ask:
    """Which account, which terms: finance decides; so nothing is said but for whom, where and in what currency."""
    total, customer = subscription.attrs["total_value"], setup.customers[0]
    desired = {"legal_entity": setup.company, "currency": total["currency"] if total else None, "status": "active"}
    target = setup.profile.native_id if setup.profile else customer.native_id
    return Ask(erp, "financial_profile", target, desired)


KIND = Kind(
    number="6",
    name="erp_financial_profile_missing",
    entity="subscription",
    roles=("billing",),
    clock="deadline",
    begins_with="activated",
    reach={
        ("billing", "subscription"): Itself(),
        ("erp", "customer"): All(),
        ("erp", "financial_profile"): All(),
    },
    regarded={
        "subscription": ("@activated", "legal_entity"),
        "customer": ("tax_id",),
        "financial_profile": (
            "status",
            "legal_entity",
            "receivable_account",
            "payment_terms",
            "currency",
            "tax_registration",
        ),
    },
    demanded_by={"subscription": ("@activated",)},
    answered_by=frozenset({("erp", "customer"), ("erp", "financial_profile")}),
    judge=erp_financial_profile_missing,
    begins=lambda _, version: "activated" in version["since"],
    command="erp.customer.complete_financial_setup",
    sort="ask",
    condition="FinancialProfilesComplete",
    finds=(("financial_profile", EVERY),),
)
