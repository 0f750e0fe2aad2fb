"""What a subscription charges for and what the product grants for it, product by product, on one day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from streams.governance.calendar import Calendar
from streams.kinds.asof import AsOf, Found
from streams.kinds.shared import days_of

_COUNTED = ("recurring", None)
"""Types of charges whose quantity is the quantity that may be used. Usage is counted elsewhere; what is charged once,
such as a setup, need not be granted."""
_GRANTED = ("recurring", "usage", None)
Products = dict[str, list[Found]]


class Provision(NamedTuple):
    product: str
    charges: list[Found]
    grants: list[Found]

    @property
    def charged(self) -> int | None:
        """Units that may be used; None where the charges do not count them."""
        if not all(c.attrs["type"] in _COUNTED and c.attrs["quantity"] is not None for c in self.charges):
            return None
        return _units(self.charges)

    @property
    def granted(self) -> int | None:
        return _units(self.grants) if all(g.attrs["quantity"] is not None for g in self.grants) else None

    @property
    def is_due(self) -> bool:
        return any(charge.attrs["type"] in _GRANTED for charge in self.charges)

    @property
    def surplus(self) -> int:
        """Units granted beyond those charged; below zero, units missing. Where units are not counted, whether there is
        anything at all."""
        if self.charged is None or self.granted is None:
            return (not self.charges) - (self.is_due and not self.grants)
        return self.granted - self.charged


class Told(NamedTuple):
    """Every charge and grant that names a subscription, in force or not."""

    charges: list[Found]
    grants: list[Found]


def told_of(now: AsOf, subscription: Found) -> Told:
    charges = now.by_reference("charge", "billing", "subscription_ref", subscription.native_id)
    grants = now.by_reference("entitlement", "entitlement", "subscription_number", subscription.attrs["number"])
    return Told([charge for charge in charges if charge.system == subscription.system], grants)


def provisions(now: AsOf, subscription: Found, told: Told) -> list[Provision]:
    """On the day of the instant; looks again when a day begins that makes a difference."""
    calendar = days_of(now, subscription)
    charged = _by_product(
        charge for charge in told.charges if _in_force(now, calendar, charge) and charge.attrs["status"] != "ended"
    )
    granted = _by_product(g for g in told.grants if _in_force(now, calendar, g) and g.attrs["status"] == "active")
    return [
        Provision(product, charged.get(product, []), granted.get(product, []))
        for product in sorted({*charged, *granted})
    ]


def _in_force(now: AsOf, calendar: Calendar, found: Found) -> bool:
    begins, ends = _day(found.attrs["starts_on"]), _day(found.attrs["ends_on"])
    if begins:
        now.again_at(calendar.begins(begins))
    if ends:
        now.again_at(calendar.ends(ends))
    today = calendar.day_of(now.instant)
    return (begins is None or begins <= today) and (ends is None or today <= ends)


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def _by_product(found: Iterable[Found]) -> Products:
    products: Products = {}
    for record in found:
        if record.attrs["product_code"]:
            products.setdefault(record.attrs["product_code"], []).append(record)
    return products


def _units(found: list[Found]) -> int:
    return sum(int(record.attrs["quantity"]) for record in found)
