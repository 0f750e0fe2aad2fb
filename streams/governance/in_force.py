"""Which governance is in force at which instant of event time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant
from streams.governance.model import Governance


class Span(NamedTuple):
    """Instants from `begins_at` on, without `ends_at`, and the governance of them."""

    begins_at: Instant
    ends_at: Instant
    governance: Governance


class InForce:
    def __init__(
        self, begins: Sequence[tuple[Instant, Governance]], *, passed: Instant = NEVER, rolled_out: Instant = ALWAYS
    ) -> None:
        """`begins`: in order, the first from NEVER on. `passed`: what lies before is decided. `rolled_out`: from there
        on it is not known yet what is to be judged anew."""
        ends = (*begins[1:], (ALWAYS, begins[-1][1]))
        spans = (Span(at, end, governed) for (at, governed), (end, _) in zip(begins, ends, strict=True))
        # Of two from one instant the later published one holds.
        self._spans = tuple(span for span in spans if span.begins_at < span.ends_at)
        self._begins = [span.begins_at for span in self._spans]
        self.rolled_out = rolled_out
        self.undecided = self._spans[self._place(passed) :]
        """Spans of instants that may still have to be decided."""

    @classmethod
    def only(cls, governance: Governance) -> InForce:
        return cls([(NEVER, governance)])

    def at(self, instant: Instant) -> Governance:
        return self._spans[self._place(instant)].governance

    def since(self, instant: Instant) -> list[Governance]:
        """The governances by which instants from this one on are judged."""
        return [span.governance for span in self._spans[self._place(instant) :]]

    def next_begin(self, instant: Instant) -> Instant:
        """When, after the instant, another comes into force."""
        place = bisect_right(self._begins, instant)
        return self._begins[place] if place < len(self._begins) else ALWAYS

    def before(self, begins_at: Instant) -> Governance:
        """The governance in force until the one that begins then."""
        return self._spans[max(bisect_left(self._begins, begins_at) - 1, 0)].governance

    @property
    def newest(self) -> Governance:
        return self._spans[-1].governance

    def _place(self, instant: Instant) -> int:
        if len(self._begins) == 1:  # of every deployment until something is published, for each of its verdicts
            return 0
        return max(bisect_right(self._begins, instant) - 1, 0)
