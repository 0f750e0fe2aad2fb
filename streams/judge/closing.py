"""The close of accounting periods: what belongs to a period must be in the books before it ends, even if the deadline
is later.

The period is one of the legal entity that the subject names, else of the one that serves the customer. A subject
belongs to the period in which it was demanded, or to that of a later day that it states itself. So a period that is
over demands nothing of later subjects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import NamedTuple

from schemas.instants import Instant
from streams.kinds.asof import AsOf
from streams.kinds.shared import days_of
from streams.kinds.standing import is_in_periods
from streams.kinds.table import Kind


class Close(NamedTuple):
    at: Instant
    period: str
    """Its last day."""


Closes = Callable[[Instant], Close | None]


def closes(now: AsOf, kind: Kind, system: str, native_id: str, skew: Instant) -> Closes | None:
    """A function from the instant of demand to the close; None: no close is governed that matters to the kind."""
    return partial(_close, now, kind, system, native_id, skew) if is_in_periods(now.governance, kind) else None


def in_period(expected: str, period: str) -> str:
    """The text of what is expected, with the period whose close makes it due."""
    return f"{expected}, before the accounting period closes that ends on {period}" if period else expected


def _close(now: AsOf, kind: Kind, system: str, native_id: str, skew: Instant, demanded_at: Instant) -> Close | None:
    subject = now.record(kind.entity, system, native_id)
    if subject is None:
        return None
    calendar = days_of(now, subject, now.home)
    stated = (subject.attrs[name] for name in kind.booked_on or ())
    try:
        day = max([calendar.day_of(demanded_at), *(date.fromisoformat(day) for day in stated if day)])
        last = calendar.period_end(day)
        return Close(calendar.ends(last) + skew, last.isoformat()) if last else None
    except OverflowError:  # beyond the year 9999: a date that stands for never
        return None
