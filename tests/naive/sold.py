"""What must follow a deal and an activation, read plainly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.naive.companies import Companies, Kind
from tests.naive.world import Record

WAITING = ("draft", "pending_activation", "pending_acceptance")


def won_without_erp_customer(world: Companies, deal: Record, _: date) -> bool | None:
    """That the account names one that is not known to be its own is another kind's."""
    known = world.beside(deal, "customer", "erp")
    account = world.get(("crm", "customer", deal.change.customer))
    named = account["erp_ref"] if account else None
    found = any(c["status"] != "churned" for c in known) or (
        named is not None and named not in {c.change.native_id for c in known}
    )
    return found if deal["stage"] == "won" else None


def won_without_subscription(world: Companies, deal: Record, _: date) -> bool | None:
    """A renewal or an expansion goes on with what the customer has."""
    lines = world.beside(deal, "opportunity_line", "crm", opportunity_ref=deal.change.native_id)
    said = [line["recurring"] for line in lines if line["recurring"] is not None]
    once = not any(said) if said else deal["recurring"] is False
    if deal["stage"] != "won" or once:
        return None
    served = deal["type"] in ("renewal", "expansion")
    return any(
        s["opportunity_ref"] == deal.change.native_id
        or (s["contract_ref"] is not None and s["contract_ref"] == deal["contract_ref"])
        or (served and s["status"] in ("active", "suspended"))
        for s in world.beside(deal, "subscription", "billing")
    )


def won_without_erp_order(world: Companies, deal: Record, _: date) -> bool | None:
    if deal["stage"] != "won" or not deal["order_managed"]:
        return None
    orders = world.beside(deal, "order", "erp", opportunity_ref=deal.change.native_id)
    return any(o["status"] != "cancelled" for o in orders)


def external_id_writeback_missing(world: Companies, customer: Record, _: date) -> bool | None:
    """That another one is named is another kind's."""
    account = world.get(("crm", "customer", customer["crm_ref"]))
    if account is None or customer["status"] == "churned":
        return None
    return account[f"{customer.change.system}_ref"] is not None


def activation_stalled(world: Companies, subscription: Record, today: date) -> bool | None:
    if not asked_since(world, subscription) or not begun(subscription["starts_on"], today):
        return None
    return subscription["status"] not in WAITING


def asked_since(world: Companies, subscription: Record) -> list[float]:
    """Since when the customer is active, and since when its deal is won; one that left asks for nothing."""
    accounts = world.beside(subscription, "customer", "crm")
    if accounts and all(a["status"] == "churned" for a in accounts):
        return []
    asked = [a.since(lambda r: bool(r["status"] == "active")) for a in accounts]
    return [at for at in (*asked, *(d.since(won) for d in named_deals(world, subscription))) if at is not None]


def named_deals(world: Companies, subscription: Record) -> list[Record]:
    name = subscription["opportunity_ref"]
    return [d for d in world.beside(subscription, "opportunity", "crm") if d.change.native_id == name]


def to_be_active_since(world: Companies, subscription: Record) -> float:
    starts = subscription["starts_on"]
    begins = (date.fromisoformat(starts) - date(1970, 1, 1)).days * 86400 if starts else 0
    return max(min(asked_since(world, subscription)), subscription.history[0].at, begins)


def won(deal: Record) -> bool:
    return bool(deal["stage"] == "won")


def won_since(_: Companies, deal: Record) -> float:
    return deal.since(won) or 0


def linked_since(_: Companies, customer: Record) -> float:
    """To that account."""
    return customer.since(lambda c: c["crm_ref"] == customer["crm_ref"] and c["status"] != "churned") or 0


def scheduled_since(_: Companies, subscription: Record) -> float:
    """Activated, and in its present version."""
    version = subscription["version_number"]
    stated = None if version is None else subscription.since(lambda s: bool(s["version_number"] == version))
    return max(subscription.since(activated) or 0, stated or 0)


def activated_since(_: Companies, subscription: Record) -> float:
    return subscription.since(activated) or 0


def activated(subscription: Record) -> bool:
    return subscription["status"] in IN_SERVICE


def begun(day: str | None, today: date) -> bool:
    return day is None or date.fromisoformat(day) <= today


def erp_financial_profile_missing(world: Companies, subscription: Record, _: date) -> bool | None:
    if subscription["status"] not in IN_SERVICE:
        return None
    known = world.beside(subscription, "customer", "erp")
    companies = {subscription["legal_entity"]} if subscription["legal_entity"] else {c["legal_entity"] for c in known}
    taxed = any(c["tax_id"] for c in known)
    return any(
        (p["legal_entity"] is None or p["legal_entity"] in companies) and complete(p, taxed)
        for p in world.beside(subscription, "financial_profile", "erp")
    )


def complete(profile: Record, taxed: bool) -> bool:
    needed = all(profile[name] for name in ("receivable_account", "payment_terms", "currency"))
    return profile["status"] != "draft" and needed and bool(taxed or profile["tax_registration"])


def revenue_schedule_missing(world: Companies, subscription: Record, _: date) -> bool | None:
    if subscription["status"] not in IN_SERVICE or worthless(subscription):
        return None
    charges = world.beside(subscription, "charge", "billing", subscription_ref=subscription.change.native_id)
    current = [c for c in charges if c["status"] != "ended"]
    if current and all(c["type"] in ("one_time", "usage") for c in current):
        return None
    versions = (None, subscription["version_number"])
    schedules = world.beside(subscription, "revenue_schedule", "erp", subscription_number=subscription["number"])
    return any(s["version_number"] in versions and s["status"] != "draft" for s in schedules)


def worthless(subscription: Record) -> bool:
    return (subscription["total_value"] or subscription["monthly_value"] or {"amount": 1})["amount"] in ZERO


IN_SERVICE = ("active", "suspended")
ZERO = ("0", "0.00")
DEALS = (("crm", "opportunity"),)
SUBSCRIPTIONS = (("billing", "subscription"),)
KINDS: Mapping[str, Kind] = {
    "won_without_erp_customer": Kind(DEALS, "deadline", won_without_erp_customer),
    "won_without_subscription": Kind(DEALS, "deadline", won_without_subscription, won_since),
    "won_without_erp_order": Kind(DEALS, "deadline", won_without_erp_order),
    "external_id_writeback_missing": Kind(
        (("billing", "customer"), ("erp", "customer")),
        "deadline",
        external_id_writeback_missing,
        linked_since,
    ),
    "activation_stalled": Kind(SUBSCRIPTIONS, "deadline", activation_stalled, to_be_active_since),
    "erp_financial_profile_missing": Kind(SUBSCRIPTIONS, "deadline", erp_financial_profile_missing, activated_since),
    "revenue_schedule_missing": Kind(SUBSCRIPTIONS, "deadline", revenue_schedule_missing, scheduled_since),
}
