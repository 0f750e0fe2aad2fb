"""Orders from deal to cash, the same for the same seed: most as the process wants it, a few with one deviation each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple

from schemas.instants import Instant, from_datetime, seconds

DEVIATING_SHARE = 0.04
_BEGINNING = from_datetime(datetime(2026, 1, 1, tzinfo=UTC))
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
_SPREAD_DAYS = 90
"""Cases begin evenly over so many days."""


class Event(NamedTuple):
    """One activity of one case, and what of its record changes with it."""

    case: str
    activity: str
    at: Instant
    number: int = 0
    """Of the invoice within the case, from 1."""
    cents: int = 0
    copy: int = 0
    """1: the same once more."""


Deviation = Callable[[list[Event], random.Random], list[Event]]


def orders(seed: int, cases: int) -> tuple[list[Event], dict[str, str]]:
    """Every event in order of time, and what is wrong with the cases that deviate: case -> name of the deviation."""
    rng = random.Random(f"driftwise orders {seed}")  # noqa: S311 - must repeat, not be secret
    events: list[Event] = []
    deviating: dict[str, str] = {}
    for number in range(1, cases + 1):
        case, begins = f"{number:06d}", number / cases * _SPREAD_DAYS * _DAY
        course = list(_course(case, begins, rng))
        if rng.random() < DEVIATING_SHARE:
            deviating[case] = rng.choice(tuple(DEVIATIONS))
            course = DEVIATIONS[deviating[case]](course, rng)
        events += course
    return sorted(events, key=attrgetter("at")), deviating


def _course(case: str, begins: float, rng: random.Random) -> Iterator[Event]:
    """As it should be: every step well within the default deadlines."""
    won = begins + rng.uniform(1, 48) * _HOUR
    cents = rng.randrange(10_000, 5_000_000)
    yield Event(case, "account opened", _at(begins))
    yield Event(case, "deal won", _at(won), cents=cents)
    yield Event(case, "billing account opened", _at(won + rng.uniform(1, 6) * _MINUTE))
    yield Event(case, "ERP customer set up", _at(won + rng.uniform(1, 12) * _MINUTE))
    yield Event(case, "subscription activated", _at(won + rng.uniform(7, 13) * _MINUTE), cents=cents)
    for number in range(1, rng.randint(1, 5) + 1):
        issued = won + (30 * number - 29) * _DAY + rng.uniform(0, 12) * _HOUR
        yield Event(case, "invoice issued", _at(issued), number, cents)
        yield Event(case, "invoice posted", _at(issued + rng.uniform(1, 20) * _MINUTE), number, cents)
        yield Event(case, "invoice paid", _at(issued + rng.uniform(5, 20) * _DAY), number, cents)


def _at(since_beginning: float) -> Instant:
    return _BEGINNING + seconds(since_beginning)


def _without(activity: str) -> Deviation:
    return lambda course, rng: [event for event in course if event.activity != activity]


def _posting(change: Callable[[Event, random.Random], tuple[Event, ...]]) -> Deviation:
    """What becomes of one of the postings."""

    def deviate(course: list[Event], rng: random.Random) -> list[Event]:
        chosen = rng.choice([event for event in course if event.activity == "invoice posted"])
        return [made for event in course for made in (change(event, rng) if event is chosen else (event,))]

    return deviate


def _moved(event: Event, by_seconds: float) -> Event:
    return event._replace(at=event.at + seconds(by_seconds))


def _no_erp_customer(course: list[Event], rng: random.Random) -> list[Event]:
    """And so nothing is posted there."""
    return [event for event in course if event.activity not in ("ERP customer set up", "invoice posted")]


def _stalled(course: list[Event], rng: random.Random) -> list[Event]:
    """The last invoice is issued, and nothing follows."""
    return course[:-2]


DEVIATIONS: Mapping[str, Deviation] = {
    "ERP customer missing": _no_erp_customer,
    "subscription missing": _without("subscription activated"),
    "posting missing, payment follows": _posting(lambda event, rng: ()),
    "posting missing, nothing follows": _stalled,
    "posted before issued": _posting(lambda event, rng: (_moved(event, -rng.uniform(1, 3) * _HOUR),)),
    "posted twice": _posting(lambda event, rng: (event, _moved(event, _HOUR)._replace(copy=1))),
    "posted too late": _posting(lambda event, rng: (_moved(event, rng.uniform(4, 48) * _HOUR),)),
    "posted with another amount": _posting(lambda e, rng: (e._replace(cents=e.cents + rng.randint(100, 9_000)),)),
}
