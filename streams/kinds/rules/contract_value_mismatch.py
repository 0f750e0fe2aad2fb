"""Kind 26: deal, subscription and ERP contract state different total values for the same term.

Once a contract is amended, the deal is the one that amended it (streams/kinds/agreed.py)."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from streams.kinds.agreed import agreed
from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import PENDING_ACTIVATION
from streams.kinds.finding import IN_ORDER, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import for_term
from streams.kinds.model import ID, Either, Itself, Kind, Refers
from streams.kinds.shared import Amount, deal_of, place, said, text, tolerance, with_amount

_NOT_COMPARED = PENDING_ACTIVATION | {"cancelled"}


class _Stated(NamedTuple):
    """What one record says the contract is worth."""

    found: Found
    field: str
    money: Amount
    term_months: int | None
    value: Decimal
    """For the subscription's term."""

    def __str__(self) -> str:
        known = self.found.attrs.get("number") or self.found.native_id
        term = f" over {self.term_months} months" if self.term_months else ""
        return f"{self.found.system} {self.found.entity} {known} {said(self.money)}{term}"


def contract_value_mismatch(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    if subscription is None or subscription.attrs["status"] in _NOT_COMPARED:
        return None
    deal = deal_of(now, subscription.attrs["opportunity_ref"])
    if deal is not None and deal.attrs["stage"] != "won":
        return None
    stated = _stated(now, subscription, deal)
    if len(stated) < 2 or stated[0].found is not subscription:
        return None
    ours, values = stated[0], [s.value for s in stated]
    comparable = len({s.money["currency"] for s in stated}) == 1
    spread, allowed = max(values) - min(values), tolerance(now, KIND.name, ours.value)
    if now.at_rest and comparable and spread <= allowed:
        return IN_ORDER
    newest = max((s.found for s in stated), key=lambda f: f.version["at"])
    term = f" for {ours.term_months} months" if ours.term_months else ""
    return Finding(
        satisfied=comparable and spread <= allowed,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        # In different currencies there is no difference to state: the whole contract is at stake.
        amount=with_amount(ours.money, spread) if comparable else ours.money,
        expected=f"the same contract value everywhere{term}, within {said(with_amount(ours.money, allowed))}",
        observed=", ".join(str(s) for s in stated),
        evidence=tuple(Evidence(s.found, s.field, text(s.found.attrs[s.field])) for s in stated),
        ask=_ask(ours, stated, allowed) if comparable else None,
        satisfied_by=newest,
        snapshot=newest.version["snapshot"],
    )


def _stated(now: AsOf, subscription: Found, deal: Found | None) -> list[_Stated]:
    """The subscription first. A record that states no value is left out."""
    term = subscription.attrs["term_months"]
    contracts = now.by_reference("contract", "erp", "number", subscription.attrs["contract_ref"])
    sold = agreed(now, KIND.name, subscription, deal)
    sides = [(subscription, "total_value", subscription.attrs["total_value"], term)]
    sides += [(sold[0], "value", sold[1], term)] if sold else []
    sides += [(c, "value", c.attrs["value"], c.attrs["term_months"]) for c in contracts]
    return [
        _Stated(found, field, money, months, for_term(money, months, term))
        for found, field, money, months in sides
        if money is not None
    ]


def _ask(ours: _Stated, stated: list[_Stated], allowed: Decimal) -> Ask | None:
    """Billing's terms and value for the contract that finance keeps; a deal's value is its CRM's own to change."""
    other = next((s for s in stated if s.found.entity == "contract" and abs(s.value - ours.value) > allowed), None)
    if other is None:
        return None
    desired, expected = {"value": text(ours.money)}, {"value": text(other.money)}
    if ours.term_months and other.term_months != ours.term_months:
        desired["term_months"] = str(ours.term_months)
        expected["term_months"] = str(other.term_months) if other.term_months else None
    return Ask(other.found.system, "contract", other.found.native_id, desired, expected)


KIND = Kind(
    number="26",
    name="contract_value_mismatch",
    entity="subscription",
    roles=("billing",),
    clock="grace",
    reach={
        ("billing", "subscription"): Itself(),
        ("crm", "opportunity"): Either((Refers("opportunity_ref", ID), Refers("contract_ref", "contract_ref"))),
        ("billing", "subscription_version"): Refers(ID, "subscription_ref"),
        ("erp", "contract"): Refers("contract_ref", "number"),
    },
    regarded={
        "opportunity": ("stage", "value", "type", "@won"),
        "subscription": ("status", "total_value", "term_months", "version_number"),
        "subscription_version": ("version_number", "total_value"),
        "contract": ("value", "term_months"),
    },
    judge=contract_value_mismatch,
    begins=lambda _, version: version["attrs"].get("status") not in _NOT_COMPARED,
    command="erp.contract.update_value",
    sort="copy",
    condition="ContractValuesAgree",
    optional=frozenset({("billing", "subscription_version")}),
)
