"""Records that still say what a subscription said before: what an amendment or a cancellation has not reached."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from schemas.money import CONTEXT, SCALE
from streams.kinds.asof import Found
from streams.kinds.finding import Ask, Evidence
from streams.kinds.shared import Amount


class Lag(NamedTuple):
    """A record that was left behind."""

    evidence: Evidence
    says: str
    """In words: which record says what."""
    ask: Ask
    amount: Amount | None = None
    """What is wrong by it, where it can be told."""


def newest(found: Iterable[Found]) -> Found | None:
    return max(found, key=lambda f: (f.version["at"], f.system, f.entity, f.native_id), default=None)


def for_term(money: Amount, months: int | None, term: int | None) -> Decimal:
    """A value over so many months as it would be over another term; as it is where one of them is not stated."""
    value = Decimal(money["amount"])
    if not months or not term or months == term:
        return value
    return CONTEXT.divide(CONTEXT.multiply(value, Decimal(term)), Decimal(months)).quantize(SCALE, context=CONTEXT)
