"""What the CRM agreed on for a subscription as it is now: its deal, until the contract is amended, and from then on the
last deal that amended it.

A deal is history: what was sold first may stand there for ever. So once there are later versions, a first deal that
states what an earlier one was worth says nothing of the present one; one that states neither was never right."""

from __future__ import annotations

from decimal import Decimal

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import since
from streams.kinds.shared import Amount, number, tolerance, with_amount

AMENDS = "expansion"


def agreed(now: AsOf, kind: str, subscription: Found, deal: Found | None) -> tuple[Found, Amount] | None:
    """The deal and the value that the subscription is to have by it."""
    version = subscription.attrs["version_number"] or 1
    amending = _amending(now, subscription) if version > 1 else []
    last = amending[-1] if amending else deal
    money: Amount | None = last.attrs["value"] if last else None
    if last is None or money is None:
        return None
    if amending and deal is not None:
        money = _nearer(money, [deal, *amending], subscription.attrs["total_value"])
    is_past = version > 1 and not amending and _is_as_sold(now, kind, subscription, money)
    return None if is_past else (last, money)


def _amending(now: AsOf, subscription: Found) -> list[Found]:
    """Won deals that amend the subscription, in the order in which they were won."""
    found = now.by_reference("opportunity", "crm", "contract_ref", subscription.attrs["contract_ref"])
    won = [
        (began.at, deal.system, deal.native_id, deal)
        for deal in found
        if deal.attrs["type"] == AMENDS
        and deal.native_id != subscription.attrs["opportunity_ref"]
        and (began := since(deal.version["since"], "won"))
    ]
    return [deal for *_, deal in sorted(won, key=lambda one: one[:3])]


def _nearer(money: Amount, deals: list[Found], ours: Amount | None) -> Amount:
    """Some CRMs have a deal that amends state the new total, others what it adds."""
    values = [deal.attrs["value"] for deal in deals]
    same = [number(value) for value in values if value and value["currency"] == money["currency"]]
    in_all = with_amount(money, sum(same, Decimal(0)))
    return min(money, in_all, key=lambda m: abs(number(m) - number(ours)))


def _is_as_sold(now: AsOf, kind: str, subscription: Found, money: Amount) -> bool:
    """It states the value of an earlier version, or nobody tells what that was."""
    found = now.by_reference("subscription_version", "billing", "subscription_ref", subscription.native_id)
    earlier = [v for v in found if (v.attrs["version_number"] or 0) < subscription.attrs["version_number"]]
    worth = [v.attrs["total_value"] for v in earlier if v.system == subscription.system and v.attrs["total_value"]]
    return not worth or any(
        value["currency"] == money["currency"]
        and abs(number(value) - number(money)) <= tolerance(now, kind, number(value))
        for value in worth
    )
