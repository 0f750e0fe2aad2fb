"""Kind 16: a new version of a subscription is in force, and contract or revenue schedule still carry the one before."""

from __future__ import annotations

from decimal import Decimal

from streams.kinds.asof import AsOf, Found
from streams.kinds.begun import begun
from streams.kinds.facts import Since, since, with_value
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import Lag, for_term, newest
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shared import Amount, day_begins, days_of, place, said, text, tolerance, with_amount

_COMMANDS = {"erp": "erp.contract.update_value", "crm": "crm.contract.update"}


def amendment_unpropagated(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    trigger = _amended(now, subscription) if subscription else None
    if subscription is None or trigger is None:
        return None
    books, schedules, shown = (
        _contracts(now, subscription, "erp"),
        _schedules(now, subscription),
        _contracts(now, subscription, "crm"),
    )
    lags = [
        *(lag for contract in books if (lag := _behind(now, subscription, contract))),
        *_not_recut(subscription, schedules),
        *(lag for contract in shown if (lag := _behind(now, subscription, contract))),
    ]
    name = f"subscription {subscription.attrs['number'] or subscription.native_id}"
    stated = f"version {subscription.attrs['version_number']} of {name}, {said(subscription.attrs['total_value'])}"
    return Finding(
        satisfied=not lags,
        triggered_at=max(trigger.at, day_begins(subscription.attrs["effective_on"], days_of(now, subscription))),
        trigger_version=trigger.version,
        snapshot=trigger.snapshot,
        owner_system=subject.system,
        amount=next((lag.amount for lag in lags if lag.amount), subscription.attrs["total_value"]),
        expected=f"{stated}, has reached its contract and its revenue schedule",
        observed="; ".join(lag.says for lag in lags) or "nothing carries an earlier version",
        evidence=(Evidence(subscription, "version_number", _text(subscription)), *(lag.evidence for lag in lags)),
        ask=lags[0].ask if lags else None,
        satisfied_by=None if lags else newest((*books, *schedules, *shown)),
    )


def _amended(now: AsOf, subscription: Found) -> Since | None:
    """Since when the present version, if it is not the first, is that of a subscription in service."""
    stamped, version = subscription.version["since"], subscription.attrs["version_number"]
    began = since(stamped, with_value("version", version)) if version and version > 1 else None
    activated = since(stamped, "activated")
    if began is None or activated is None:
        return None
    return began if began.at >= activated.at else begun(now, subscription, "activated")


def _contracts(now: AsOf, subscription: Found, role: str) -> list[Found]:
    found = now.by_reference("contract", role, "number", subscription.attrs["contract_ref"])
    return [contract for contract in found if contract.attrs["status"] != "ended"]


def _schedules(now: AsOf, subscription: Found) -> list[Found]:
    found = now.by_reference("revenue_schedule", "erp", "subscription_number", subscription.attrs["number"])
    return [schedule for schedule in found if schedule.attrs["status"] != "closed"]


def _behind(now: AsOf, subscription: Found, contract: Found) -> Lag | None:
    """How the contract is behind, by its version number if it states one, else by its value; None: it is not."""
    ours, carried = subscription.attrs["version_number"], contract.attrs["version_number"]
    difference = _difference(subscription, contract)
    if carried is None and not _apart(now, subscription, difference):
        return None
    if carried is not None and carried >= ours:
        return None
    desired = {"value": text(subscription.attrs["total_value"]), "version_number": _text(subscription)}
    expected = {"value": text(contract.attrs["value"]), "version_number": _text(contract)}
    command = _COMMANDS[now.governance.systems[contract.system].role]
    still = f"{contract.system} contract {contract.attrs['number']} is still at "
    version = f"version {carried}, " if carried is not None else ""
    return Lag(
        Evidence(contract, "value", text(contract.attrs["value"])),
        f"{still}{version}{said(contract.attrs['value'])}",
        Ask(contract.system, "contract", contract.native_id, desired, expected, command, "copy"),
        difference,
    )


def _difference(subscription: Found, contract: Found) -> Amount | None:
    """None where it cannot be told: no value, or another currency."""
    ours, theirs = subscription.attrs["total_value"], contract.attrs["value"]
    if ours is None or theirs is None or ours["currency"] != theirs["currency"]:
        return None
    value = for_term(theirs, contract.attrs["term_months"], subscription.attrs["term_months"])
    return with_amount(ours, abs(Decimal(ours["amount"]) - value))


def _apart(now: AsOf, subscription: Found, difference: Amount | None) -> bool:
    """What cannot be told apart is not said to be behind; that the currencies differ is another kind's."""
    if difference is None:
        return False
    return Decimal(difference["amount"]) > tolerance(
        now, KIND.name, Decimal(subscription.attrs["total_value"]["amount"])
    )


def _not_recut(subscription: Found, schedules: list[Found]) -> list[Lag]:
    """There is a schedule, and none of this version. That there is none at all is kind 7."""
    last = max(schedules, key=lambda s: (s.attrs["version_number"] or 0, s.native_id), default=None)
    carried = last.attrs["version_number"] if last else None
    if last is None or carried is None or carried >= subscription.attrs["version_number"]:
        return []
    desired = {"version_number": _text(subscription), "total": text(subscription.attrs["total_value"])}
    ask = Ask(last.system, "revenue_schedule", last.native_id, desired, {"version_number": _text(last)})
    still = f"{last.system} revenue schedule {last.native_id} is still cut for version {carried}"
    says = f"{still}, {said(last.attrs['total'])}"
    return [
        Lag(Evidence(last, "version_number", _text(last)), says, ask._replace(command="erp.revenue_schedule.modify"))
    ]


def _text(found: Found) -> str | None:
    version = found.attrs["version_number"]
    return None if version is None else str(version)


KIND = Kind(
    number="16",
    name="amendment_unpropagated",
    entity="subscription",
    roles=("billing",),
    clock="deadline",
    put_off=True,
    begins_with="activated",
    reach={
        ("billing", "subscription"): Itself(),
        ("erp", "contract"): Refers("contract_ref", "number"),
        ("erp", "revenue_schedule"): Refers("number", "subscription_number"),
        ("crm", "contract"): Refers("contract_ref", "number"),
    },
    regarded={
        "subscription": (
            "@version",
            "@activated",
            "version_number",
            "total_value",
            "term_months",
            "effective_on",
            "legal_entity",
        ),
        "contract": ("status", "version_number", "value", "term_months"),
        "revenue_schedule": ("status", "version_number", "total"),
    },
    answered_by=frozenset({("erp", "contract"), ("erp", "revenue_schedule"), ("crm", "contract")}),
    judge=amendment_unpropagated,
    begins=lambda _, version: (version["attrs"].get("version_number") or 0) > 1 and "activated" in version["since"],
    command="erp.contract.update_value",
    sort="ask",
    condition="AmendmentsCarried",
    optional=frozenset({("erp", "revenue_schedule"), ("crm", "contract")}),
)
