"""What a run tells: which kinds are injected, with which faults and near misses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.demo import beyond, flaws, further
from streams.demo.beyond import ONCE, RESTS_ON, Breakdown
from streams.demo.flaws import SOURCE_STALE, Flaw
from streams.governance.words import meant


class Story(NamedTuple):
    """`kinds` are injected, and their truth is known; all others stay out of the score."""

    name: str
    kinds: frozenset[str]
    faults: tuple[Flaw, ...]
    near_misses: tuple[Flaw, ...]
    breakdowns: tuple[Breakdown, ...] = ()

    @property
    def judges_all(self) -> bool:
        """Also kinds that are not injected; what they find is told beside the score."""
        return self.name == "all"

    @property
    def further(self) -> bool:
        """Whether the companies have more systems than the three of the first story."""
        return self.name != "first"

    @property
    def injected(self) -> frozenset[str]:
        """The kinds with faults of their own."""
        return frozenset(flaw.kind for flaw in self.faults)

    @property
    def once(self) -> frozenset[str]:
        """The kinds that need no more than one drift."""
        return self.kinds & ONCE


SLA_SECONDS: dict[str, float] = {**flaws.DEFAULT_SLA_SECONDS, **further.SLA_SECONDS, **beyond.SLA_SECONDS}
FIRST = Story("first", frozenset({*flaws.DEFAULT_SLA_SECONDS, SOURCE_STALE}), flaws.FAULTS, flaws.NEAR_MISSES)
ALL = Story(
    "all",
    frozenset({*SLA_SECONDS, *ONCE}),
    (*flaws.FAULTS, *further.FAULTS, *beyond.FAULTS),
    (*flaws.NEAR_MISSES, *further.NEAR_MISSES, *beyond.NEAR_MISSES),
    beyond.BREAKDOWNS,
)


def story_of(names: str) -> Story:
    """`first`, `all`, or names of kinds with commas between. Raises ValueError that lists what can be injected."""
    told = {story.name: story for story in (FIRST, ALL)}.get(names)
    return told or _only(names, frozenset(name.strip() for name in names.split(",") if name.strip()))


def _only(names: str, kinds: frozenset[str]) -> Story:
    known = ("first", "all", *sorted(ALL.kinds))
    if not kinds:
        raise ValueError(f"no kind is named; give {', '.join(known)}")
    for story in sorted(kinds & {"first", "all"}):
        raise ValueError(f"{story!r} cannot be injected together with others; give it alone")
    if unknown := min(kinds - ALL.kinds, default=None):
        raise ValueError(f"{unknown!r} cannot be injected{meant(unknown, known)}")
    kinds = kinds.union(*(RESTS_ON.get(kind, frozenset()) for kind in kinds))
    breakdowns = tuple(each for each in ALL.breakdowns if each.kind in kinds)
    return Story(names, kinds, _of(ALL.faults, kinds), _of(ALL.near_misses, kinds), breakdowns)


def _of(flaws_: Iterable[Flaw], kinds: frozenset[str]) -> tuple[Flaw, ...]:
    return tuple(flaw for flaw in flaws_ if flaw.kind in kinds)
