"""Kind 36 across customers: a group that is below its own customer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from schemas.instants import Instant
from streams.demo import beyond
from streams.demo.claims.model import Claim, Wrong, times
from streams.demo.journal import History, Record


def parents_in_a_circle(history: History) -> Iterator[Claim]:
    """Told of the account with the least id."""
    if history.group is None:
        return
    above, moments = history.group.records("crm", "customer"), tuple(times(history.group))
    for pair in product(history.records("crm", "customer"), above):
        least, other = sorted(pair, key=lambda record: record.native_id)

        def wrong(instant: Instant, least: Record = least, other: Record = other) -> Wrong | None:
            parents = [record.value("ParentId", instant) for record in (least, other)]
            circle = parents == [other.native_id, least.native_id]
            return Wrong("crm", (least, other), versioned=False) if circle else None

        yield Claim(beyond.PARENTS_IN_A_CIRCLE, least, wrong, moments=moments)
