"""Kind 40: a subscription has come further than the steps that must precede it: its deal is not won, its contract is
not made, or its service was never activated."""

from __future__ import annotations

from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import Since, since
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import ID, Itself, Kind, Place, Reach, Refers
from streams.kinds.shared import Amount, deal_of, place, said, text

MAKES_CONTRACTS = ("crm", "billing")
"""Roles; the ERP only carries what was made."""


class Reached(NamedTuple):
    """The step that the subscription has come to."""

    began: Since
    says: str
    amount: Amount | None
    seen: Evidence


class Step(NamedTuple):
    """One that must precede it."""

    called: str
    done: bool
    instead: str
    """What there is in its place, where it was not done."""
    seen: Evidence | None
    ask: Ask | None = None


def step_skipped(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    reached = _reached(now, subscription) if subscription else None
    if subscription is None or reached is None:
        return None
    before = [step for step in (_won(now, subscription), _contract(now, subscription)) if step]
    if reached.seen.found is not subscription:
        before.append(_activated(subscription))
    skipped = [step for step in before if not step.done]
    ask = next((step.ask for step in skipped if step.ask), None)
    seen = [reached.seen, *(step.seen for step in before if step.seen)]
    return Finding(
        satisfied=not skipped,
        triggered_at=reached.began.at,
        trigger_version=reached.began.version,
        snapshot=reached.began.snapshot,
        owner_system=ask.target_system if ask else subject.system,
        amount=reached.amount,
        expected=f"{reached.says}; before that, {' and '.join(step.called for step in before) or 'nothing'}",
        observed="; ".join(step.instead for step in skipped) or "every step is there",
        evidence=tuple(seen),
        ask=ask,
        satisfied_by=newest(e.found for e in seen[1:]),
    )


def _reached(now: AsOf, subscription: Found) -> Reached | None:
    """Activated, or its revenue recognised. One that was cancelled, or was activated and put back, has been in service;
    of one whose status is not read nobody knows."""
    name, status = subscription.attrs["number"] or subscription.native_id, subscription.attrs["status"]
    if activated := since(subscription.version["since"], "activated"):
        amount, seen = subscription.attrs["total_value"], Evidence(subscription, "status", status)
        return Reached(activated, f"subscription {name}, {said(amount)}, is in service", amount, seen)
    if status in (None, "cancelled") or since(subscription.version["since"], "once_activated"):
        return None
    for schedule in now.by_reference("revenue_schedule", "erp", "subscription_number", subscription.attrs["number"]):
        if began := since(schedule.version["since"], "recognising"):
            amount = schedule.attrs["recognised"]
            seen = Evidence(schedule, "recognised", text(amount))
            return Reached(began, f"{said(amount)} of subscription {name} are recognised", amount, seen)
    return None


def _won(now: AsOf, subscription: Found) -> Step | None:
    """None where nobody sold it: a subscription without a deal."""
    called, reference = "its deal is won", subscription.attrs["opportunity_ref"]
    if not reference:
        return None
    deal = deal_of(now, reference)
    if deal is None:
        return Step(called, False, f"deal {reference} was never seen", None)
    stage, name = deal.attrs["stage"], deal.attrs["name"] or deal.native_id
    ask = Ask(deal.system, "opportunity", deal.native_id, {"stage": "won"}, {"stage": stage})
    return Step(called, stage in ("won", None), f"deal {name} is {stage}", Evidence(deal, "stage", stage), ask)


def _contract(now: AsOf, subscription: Found) -> Step | None:
    """None where it names no contract, or no system of this deployment carries those."""
    called, number = "its contract is made", subscription.attrs["contract_ref"]
    systems = [s for role in MAKES_CONTRACTS for s in now.governance.in_role(role)]
    makers = [s for s in systems if now.governance.carries(s, "contract")]
    if not number or not makers:
        return None
    found = [c for role in MAKES_CONTRACTS for c in now.by_reference("contract", role, "number", number)]
    if not found:
        ask = Ask(makers[0], "contract", number, {"number": number, "status": "active"})
        return Step(called, False, f"contract {number} was never seen", None, ask)
    contract = next((c for c in found if c.attrs["status"] != "draft"), found[0])
    status = contract.attrs["status"]
    ask = Ask(contract.system, "contract", contract.native_id, {"status": "active"}, {"status": status})
    return Step(called, status != "draft", f"contract {number} is a draft", Evidence(contract, "status", status), ask)


def _activated(subscription: Found) -> Step:
    status = subscription.attrs["status"]
    ask = Ask(subscription.system, "subscription", subscription.native_id, {"status": "active"}, {"status": status})
    stands = f"the subscription is {status.replace('_', ' ')}"
    return Step("it is activated", False, stands, Evidence(subscription, "status", status), ask)


_LOOKED_AT: dict[Place, Reach] = {
    ("crm", "opportunity"): Refers("opportunity_ref", ID),
    ("crm", "contract"): Refers("contract_ref", "number"),
    ("billing", "contract"): Refers("contract_ref", "number"),
    ("erp", "revenue_schedule"): Refers("number", "subscription_number"),
}

KIND = Kind(
    number="40",
    name="step_skipped",
    entity="subscription",
    roles=("billing",),
    clock="deadline",
    reach={("billing", "subscription"): Itself(), **_LOOKED_AT},
    regarded={
        "opportunity": ("stage",),
        "contract": ("status=draft",),
        "subscription": ("@activated", "@once_activated", "status"),
        "revenue_schedule": ("@recognising",),
    },
    answered_by=frozenset({("crm", "opportunity"), ("crm", "contract"), ("billing", "contract")}),
    judge=step_skipped,
    command="target.step.backfill",
    sort="ask",
    condition="StepsComplete",
    optional=frozenset(_LOOKED_AT) - {("crm", "opportunity")},
)
