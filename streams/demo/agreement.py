"""When billing, CRM and ERP did not agree on a contract's value: the spans of contract_value_mismatch."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant
from streams.demo.journal import History, Record
from streams.demo.obligations import as_amount
from streams.demo.steps import Native

_NOT_COMPARED = frozenset({"Draft", "PendingActivation", "PendingAcceptance", "Cancelled"})


class Side(NamedTuple):
    """Who carries the value of one contract, and in which columns."""

    record: Record
    amount: str
    currency: str
    earlier: tuple[Record, ...] = ()
    """Versions of the subscription: from the second on a deal may go on stating what the first was worth."""


class Mismatch(NamedTuple):
    """One span of disagreement; `until` None: it never ended."""

    subscription: Record
    sides: tuple[Side, ...]
    since: Instant
    until: Instant | None


def mismatches(history: History) -> Iterator[Mismatch]:
    for subscription in history.records("billing", "subscription"):
        sides = _sides(history, subscription)
        since: Instant | None = None
        for instant in sorted({at for side in sides for at in side.record.times}):
            apart = disagree(sides, instant)
            if apart and since is None:
                since = instant
            elif not apart and since is not None:
                yield Mismatch(subscription, sides, since, instant)
                since = None
        if since is not None:
            yield Mismatch(subscription, sides, since, None)


def _sides(history: History, subscription: Record) -> tuple[Side, ...]:
    """Billing first; the deal and the ERP contract, where there is one."""
    first = subscription.versions[0].values
    deal = history.find("crm", "opportunity", first["crm_opportunity_id"])
    sides = [Side(subscription, "total_contract_value", "currency")]
    if deal is not None:
        versions = history.records("billing", "subscription_version")
        own = tuple(v for v in versions if v.versions[0].values["subscription_id"] == first["id"])
        sides.append(Side(deal, "Amount", "CurrencyIsoCode", own))
    contracts = history.records("erp", "contract")
    named = [c for c in contracts if c.versions[0].values["number"] == first["contract_number"]]
    return (*sides, *(Side(contract, "value", "currency") for contract in named))


def present(sides: tuple[Side, ...], instant: Instant) -> tuple[Side, ...]:
    there = [side for side in sides if side.record.as_of(instant) is not None]
    return tuple(side for side in there if not (side.earlier and _is_as_sold(side, sides[0].record, instant)))


def _is_as_sold(deal: Side, subscription: Record, instant: Instant) -> bool:
    """The deal still states what a version before the present one was worth."""
    now, stated = subscription.as_of(instant), deal.record.value(deal.amount, instant)
    there = [v.values for version in deal.earlier if (v := version.as_of(instant))]
    past = [v for v in there if now and _number(v["version"]) < _number(now.values["version"])]
    return any(v["total_contract_value"] == stated for v in past)


def _number(value: Native) -> int:
    assert isinstance(value, int)
    return value


def difference(sides: tuple[Side, ...], instant: Instant) -> Decimal:
    """What is at stake: largest less smallest; in different currencies, billing's whole value."""
    amounts = [as_amount(side.record.value(side.amount, instant)) for side in present(sides, instant)]
    return amounts[0] if len(_currencies(sides, instant)) > 1 else max(amounts) - min(amounts)


def _currencies(sides: tuple[Side, ...], instant: Instant) -> set[Native]:
    return {side.record.value(side.currency, instant) for side in present(sides, instant)}


def disagree(sides: tuple[Side, ...], instant: Instant) -> bool:
    """Compared once two are there, the subscription runs and the deal, if there is one, is won."""
    billing, *others = sides
    there = present(sides, instant)
    if billing not in there or len(there) < 2 or billing.record.value("status", instant) in _NOT_COMPARED:
        return False
    stages = [s.record.value("StageName", instant) for s in others if s in there and s.record.entity == "opportunity"]
    if any(stage != "Closed Won" for stage in stages):
        return False
    tolerance = max(Decimal(1), as_amount(billing.record.value(billing.amount, instant)) / 1000)
    return len(_currencies(sides, instant)) > 1 or difference(sides, instant) > tolerance
