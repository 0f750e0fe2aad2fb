"""Lines in the order of their commit times, from a log in which they are not quite."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from schemas.instants import NEVER, Instant
from streams.backtest.lines import Change, Line


def in_order(lines: Iterable[Line], width: Instant) -> Iterator[Line]:
    """`width`: how far a line may be behind another above it; so many are held at a time, and no more. A line without a
    time keeps its place."""
    held: list[tuple[Instant, int, Line]] = []
    newest = NEVER
    for line in lines:
        at = newest if line.at is None else line.at
        if isinstance(line, Change):
            newest = max(newest, at)
        heapq.heappush(held, (at, line.number, line))
        while held and held[0][0] < newest - width:
            yield heapq.heappop(held)[2]
    while held:
        yield heapq.heappop(held)[2]
