"""Kind 7: a subscription was activated or amended, and the ERP has no revenue schedule for its present version."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.facts import Since, since, with_value
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import ID, Itself, Kind, Refers
from streams.kinds.shared import first_in_role, number, place, said, text

AT_ONCE = ("one_time", "usage")
"""Charges whose revenue is recognised when they are delivered or used."""


def revenue_schedule_missing(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    demanded = _demanded(now, subscription) if subscription else None
    if subscription is None or demanded is None:
        return None
    if not _recognised_over_time(now, subscription):
        return WAITING
    name, version, total = (subscription.attrs[a] for a in ("number", "version_number", "total_value"))
    schedules = now.by_reference("revenue_schedule", "erp", "subscription_number", name)
    cut = [s for s in schedules if s.attrs["status"] != "draft" and s.attrs["version_number"] in (None, version)]
    erp = first_in_role(now, "erp")
    which = f"version {version} of subscription {name}" if version is not None else f"subscription {name}"
    return Finding(
        satisfied=bool(cut),
        triggered_at=demanded.at,
        trigger_version=demanded.version,
        snapshot=demanded.snapshot,
        owner_system=erp,
        amount=total,
        expected=f"a revenue schedule in {erp} for {which}, {said(total)}",
        observed=f"schedule {cut[0].native_id}" if cut else _observed(schedules),
        evidence=(Evidence(subscription, "version_number", None if version is None else str(version)),),
        ask=_initialize(erp, subscription) if name else None,
        satisfied_by=cut[0] if cut else None,
    )


def _demanded(now: AsOf, subscription: Found) -> Since | None:
    """Activated and worth something: since then, or since the present version, whichever came later."""
    stamped, version = subscription.version["since"], subscription.attrs["version_number"]
    activated = since(stamped, "activated")
    if activated is None or _is_worthless(subscription):
        return None
    amended = since(stamped, with_value("version", version))
    return amended if amended and amended.at > activated.at else begun(now, subscription, "activated")


def _is_worthless(subscription: Found) -> bool:
    """By what it states; what it is worth may be unknown, as where it has no end."""
    stated = subscription.attrs["total_value"] or subscription.attrs["monthly_value"]
    return stated is not None and number(stated) == 0


def _recognised_over_time(now: AsOf, subscription: Found) -> bool:
    """Unless all its charges are known to be otherwise."""
    charges = now.by_reference("charge", "billing", "subscription_ref", subscription.native_id)
    current = [c for c in charges if c.attrs["status"] != "ended"]
    return not current or any(c.attrs["type"] not in AT_ONCE for c in current)


def _observed(schedules: list[Found]) -> str:
    if drafts := [s.native_id for s in schedules if s.attrs["status"] == "draft"]:
        return f"only a draft, {', '.join(drafts)}"
    versions = sorted({s.attrs["version_number"] for s in schedules})
    return f"only for version {', '.join(map(str, versions))}" if versions else "none"


def _initialize(erp: str, subscription: Found) -> Ask:
    attrs = subscription.attrs
    version = attrs["version_number"]
    desired = {
        "subscription_number": attrs["number"],
        "version_number": None if version is None else str(version),
        "total": text(attrs["total_value"]),
        "starts_on": attrs["starts_on"],
        "ends_on": attrs["ends_on"],
    }
    return Ask(erp, "revenue_schedule", attrs["number"], desired)


KIND = Kind(
    number="7",
    name="revenue_schedule_missing",
    entity="subscription",
    roles=("billing",),
    clock="deadline",
    begins_with="activated",
    reach={
        ("billing", "subscription"): Itself(),
        ("billing", "charge"): Refers(ID, "subscription_ref"),
        ("erp", "revenue_schedule"): Refers("number", "subscription_number"),
    },
    judge=revenue_schedule_missing,
    command="erp.revenue_schedule.initialize",
    sort="ask",
    booked_on=("starts_on",),
    condition="RevenueScheduled",
    optional=frozenset({("billing", "charge")}),
)
