"""Money: a Decimal with a currency and a declared basis; the one place that knows minor units and precision."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any, NamedTuple

CONTEXT = Context(prec=38, rounding=ROUND_HALF_EVEN)
"""The only arithmetic context of the core: 38 digits, as the Avro decimals have."""
SCALE = Decimal("1E-9")
BASES = frozenset({"net", "tax", "gross", "ledger_net", "ledger_tax", "ledger_gross"})
"""Before tax, the tax, or with it; in the document's currency, or in that of the books."""


class NotMoney(ValueError):
    """The text is no finite amount of at most 29 digits before and 9 after the point."""


class Money(NamedTuple):
    amount: Decimal
    currency: str
    basis: str

    def as_json(self) -> dict[str, str]:
        return {"amount": plain(self.amount), "currency": self.currency, "basis": self.basis}


def plain(value: Decimal) -> str:
    """The shortest exact text without exponent: 12.50 and 12.5 give the same, so that equal amounts have equal text."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(text: str | Decimal | int) -> Decimal:
    """An exact amount; raises NotMoney for anything else (also NaN, infinity and floats in disguise like 1e400)."""
    try:
        value = Decimal(text)
        if not value.is_finite() or abs(value.adjusted()) > 28 or value != value.quantize(SCALE, context=CONTEXT):
            raise NotMoney(f"{text!r} is not an amount of at most 29 digits and 9 decimals")
    except (InvalidOperation, TypeError, ValueError) as problem:
        raise NotMoney(f"{text!r} is not an amount: {problem}") from None
    return value


def from_json(value: Mapping[str, Any] | None) -> Money | None:
    if value is None:
        return None
    return Money(Decimal(value["amount"]), value["currency"], value["basis"])


def from_minor_units(units: int, exponent: int) -> Decimal:
    return Decimal(units).scaleb(-exponent, CONTEXT)


def to_minor_units(value: Decimal, exponent: int) -> int:
    scaled = value.scaleb(exponent, CONTEXT)
    if scaled != scaled.to_integral_value():
        raise NotMoney(f"{value} has more decimals than its currency ({exponent})")
    return int(scaled)
