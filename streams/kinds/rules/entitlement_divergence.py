"""Kind 35: the product grants more, or less, than the subscription charges for."""

from __future__ import annotations

from decimal import Decimal

from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import ID, Itself, Kind, Refers
from streams.kinds.provision import Provision, provisions, told_of
from streams.kinds.shared import Amount, first_in_role, number, place, with_amount


def entitlement_divergence(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    if subscription is None or subscription.attrs["status"] != "active":
        return None  # before it is active nothing is due, and after it kind 18 watches
    told = told_of(now, subscription)
    products = provisions(now, subscription, told)
    apart = sorted((p for p in products if p.surplus), key=lambda p: (p.surplus < 0, p.product))
    due = ", ".join(_charged(p) for p in apart)
    name = subscription.attrs["number"] or subject.native_id
    given_away = any(p.surplus > 0 for p in apart)
    known = newest((subscription, *(record for p in products for record in (*p.charges, *p.grants))))
    assert known is not None
    return Finding(
        satisfied=not apart,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        amount=_at_stake(apart),
        expected=f"subscription {name} grants {due or 'what it charges for'}",
        observed=", ".join(_granted(p) for p in apart) or "it does",
        evidence=(
            Evidence(subscription, "status", "active"),
            *(Evidence(record, "quantity", _text(record)) for p in apart for record in (*p.charges, *p.grants)),
        ),
        ask=_ask(now, subscription, apart[0]) if apart else None,
        satisfied_by=newest((subscription, *told.charges, *told.grants)),
        snapshot=known.version["snapshot"],
        severity="S2" if given_away else "",
        finance_impacting=True if given_away else None,
    )


def _at_stake(apart: list[Provision]) -> Amount | None:
    """A period's price of the units that are used unpaid or paid unused, in the currency of the first that has one."""
    priced = [(p, c.attrs["unit_price"]) for p in apart for c in p.charges[:1] if c.attrs["unit_price"]]
    if not priced:
        return None
    first = priced[0][1]
    alike = (abs(p.surplus) * number(price) for p, price in priced if price["currency"] == first["currency"])
    return with_amount(first, sum(alike, Decimal(0)))


def _charged(provision: Provision) -> str:
    units = "as it is used" if provision.charged is None else provision.charged
    return f"{provision.product} {units}" if provision.charges else f"no {provision.product}"


def _granted(provision: Provision) -> str:
    if not provision.grants:
        return f"no {provision.product} is granted"
    return f"{provision.product} {'without a number' if provision.granted is None else provision.granted} is granted"


def _text(found: Found) -> str | None:
    quantity = found.attrs["quantity"]
    return None if quantity is None else str(quantity)


def _ask(now: AsOf, subscription: Found, provision: Provision) -> Ask:
    """More than is charged comes first: it is given away."""
    grant = provision.grants[0] if provision.grants else None
    system = grant.system if grant else first_in_role(now, "entitlement")
    if grant and not provision.charges:
        return Ask(system, "entitlement", grant.native_id, {"status": "revoked"}, {"status": "active"})
    desired = {
        "subscription_number": subscription.attrs["number"],
        "product_code": provision.product,
        "quantity": None if provision.charged is None else str(provision.charged),
        "status": "active",
    }
    expected = {"quantity": _text(grant)} if grant else {}
    return Ask(system, "entitlement", grant.native_id if grant else provision.product, desired, expected)


KIND = Kind(
    number="35",
    name="entitlement_divergence",
    entity="subscription",
    roles=("billing",),
    clock="grace",
    reach={
        ("billing", "subscription"): Itself(),
        ("billing", "charge"): Refers(ID, "subscription_ref"),
        ("entitlement", "entitlement"): Refers("number", "subscription_number"),
    },
    judge=entitlement_divergence,
    command="entitlement.set",
    sort="copy",
    condition="EntitlementsAgree",
)
