"""A claim about one record, and the instants at which its violation became a drift."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant
from streams.demo.journal import History, Record
from streams.demo.obligations import as_amount


class Wrong(NamedTuple):
    """What is wrong at an instant: whose it is to mend, the records that show it, and what is at stake."""

    owner: str
    evidence: tuple[Record, ...]
    amount: Decimal | None = None
    currency: str | None = None
    versioned: bool = True
    """The evidence says in which version each record stands; else only which records it is about."""


Check = Callable[[Instant], Wrong | None]


class Claim(NamedTuple):
    """`since` is what a deadline counts from; None: a mismatch, which may last for the kind's SLA."""

    kind: str
    subject: Record
    wrong: Check
    since: Instant | None = None
    moments: tuple[Instant, ...] = ()
    """Instants, beyond those of the customer's changes, at which the answer may turn."""
    ending: str = "self_healed"
    """How its drift ends once all is right."""


def openings(claim: Claim, changes: Sequence[Instant], sla: Instant) -> Iterator[tuple[Instant, Wrong]]:
    """When it opened, and with what; `changes` are the instants of the customer's changes, sorted."""
    walk = _mismatches if claim.since is None else _deadlines
    return walk(claim, _instants(claim, changes), sla)


def _instants(claim: Claim, changes: Sequence[Instant]) -> Sequence[Instant]:
    return sorted({*changes, *claim.moments}) if claim.moments else changes


def _deadlines(claim: Claim, instants: Sequence[Instant], sla: Instant) -> Iterator[tuple[Instant, Wrong]]:
    """Once answered, the loss of the answer demands anew."""
    begun = claim.since
    while begun is not None:
        due = begun + sla
        wrong = claim.wrong(due)
        if wrong:
            yield due, wrong
        right_at = _next(claim, instants, due, is_wrong=False) if wrong else due
        begun = None if right_at is None else _next(claim, instants, right_at, is_wrong=True)


def _mismatches(claim: Claim, instants: Sequence[Instant], sla: Instant) -> Iterator[tuple[Instant, Wrong]]:
    begun = _next(claim, instants, -1, is_wrong=True)
    while begun is not None:
        ended = _next(claim, instants, begun, is_wrong=False)
        wrong = claim.wrong(begun + sla) if ended is None or ended > begun + sla else None
        if wrong:
            yield begun + sla, wrong
        begun = None if ended is None else _next(claim, instants, ended, is_wrong=True)


def ends_at(claim: Claim, changes: Sequence[Instant], opened_at: Instant) -> Instant | None:
    """When what had opened was right again, if it ever was."""
    return _next(claim, _instants(claim, changes), opened_at, is_wrong=False)


def _next(claim: Claim, instants: Sequence[Instant], after: Instant, *, is_wrong: bool) -> Instant | None:
    later = instants[bisect_right(instants, after) :]
    return next((at for at in later if (claim.wrong(at) is not None) == is_wrong), None)


def there(records: Sequence[Record], instant: Instant, **wanted: object) -> list[Record]:
    """Those that exist at the instant and have these values in these columns."""
    return [
        record
        for record in records
        if (version := record.as_of(instant)) and all(version.values.get(c) == v for c, v in wanted.items())
    ]


EVER: Instant = 2**62
"""As of the end of all time: every record that ever was, as it was in the end."""


def money(record: Record, column: str, instant: Instant) -> tuple[Decimal, str]:
    """Amount and currency of a column."""
    currency = "CurrencyIsoCode" if record.system == "crm" else "currency"
    return as_amount(record.value(column, instant)), str(record.value(currency, instant))


def times(history: History) -> list[Instant]:
    """Of all changes of a customer, sorted."""
    return sorted({at for record in history.everything() for at in record.times})
