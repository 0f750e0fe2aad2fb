"""All customers of a run: the same seed, SLAs and day give the same plan, to the last amount and delay."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count

from streams.demo.flaws import (
    DEFAULT_SLA_SECONDS,
    WON_WITHOUT_ERP_CUSTOMER,
    WRITEBACK_MISSING,
    Flaw,
)
from streams.demo.journeys import write_journey
from streams.demo.profile import draw_profile
from streams.demo.script import Script
from streams.demo.steps import Journey, Step, in_time_order
from streams.demo.stories import FIRST, SLA_SECONDS, Story

CLEAN_FOR_EACH_FAULTY = 10
_CLEAN_SPARE = 15  # some may slip into a true drift on a slow machine
SPREAD_SECONDS = 40.0
_FLAWED_SHARE = (
    0.85  # of the spread: their deadlines come last; they start earlier so that the run ends in about a minute
)
_SHORTEST_SLA_SECONDS = 6.0  # below it a usual answer could miss its deadline
_ENDINGS = ("won", "lost", "open")
_ENDING_WEIGHTS = (94, 3, 3)


@dataclass(frozen=True)
class Plan:
    """`journeys` sorted by their start; `faults` and `near_misses` say which customer has which flaw."""

    seed: int
    journeys: tuple[Journey, ...]
    faults: Mapping[int, Flaw]
    near_misses: Mapping[int, Flaw]
    story: Story = FIRST

    def steps(self) -> list[Step]:
        """All steps in time order."""
        return list(in_time_order(self.journeys))

    @property
    def clean(self) -> frozenset[int]:
        return frozenset(j.customer for j in self.journeys) - self.flawed

    @property
    def flawed(self) -> frozenset[int]:
        return frozenset(self.faults) | frozenset(self.near_misses)

    @property
    def duration_seconds(self) -> float:
        return max(journey.steps[-1].at_seconds for journey in self.journeys)

    @property
    def events(self) -> int:
        """Rows created or changed."""
        return sum(len(step.writes) for journey in self.journeys for step in journey.steps)

    def planned_drifts(self) -> frozenset[tuple[int, str]]:
        """(customer, kind), with consequences: an ERP customer that a correction creates is written back by nobody."""
        faults = {(customer, flaw.kind) for customer, flaw in self.faults.items()}
        consequences = {(c, WRITEBACK_MISSING) for c, kind in faults if kind == WON_WITHOUT_ERP_CUSTOMER}
        return frozenset(faults | consequences)


def plan(
    seed: int,
    today: date,
    slas: Mapping[str, float] = DEFAULT_SLA_SECONDS,
    spread_seconds: float = SPREAD_SECONDS,
    story: Story = FIRST,
) -> Plan:
    """A run of about 20 seconds more than `spread_seconds`, in which the customers start.

    `slas`: kind -> seconds (for contract_value_mismatch its grace); `today` is the UTC day of the run.
    Kinds that `slas` leaves out have the deadlines of the demo. Raises ValueError where an SLA is so
    short that clean customers could miss it."""
    slas = {**SLA_SECONDS, **slas}
    _check(slas)
    rng = random.Random(f"driftwise demo {seed}")  # noqa: S311 - must repeat, not be secret
    flaws: list[Flaw | None] = [*story.faults, *story.near_misses]
    flaws += [None] * (CLEAN_FOR_EACH_FAULTY * len(story.faults) + _CLEAN_SPARE)
    rng.shuffle(flaws)
    journeys = [
        _journey(number, _run(seed), today, slas, flaw, rng, spread_seconds, story.further)
        for number, flaw in enumerate(flaws, 1)
    ]
    chosen = {number: flaw for number, flaw in enumerate(flaws, 1) if flaw is not None}
    return Plan(
        seed,
        tuple(sorted(journeys, key=lambda journey: journey.starts_at_seconds)),
        {number: flaw for number, flaw in chosen.items() if flaw in story.faults},
        {number: flaw for number, flaw in chosen.items() if flaw in story.near_misses},
        story,
    )


def clean_journeys(
    seed: int,
    today: date,
    per_second: float = 1.0,
    slas: Mapping[str, float] = DEFAULT_SLA_SECONDS,
    *,
    further: bool = False,
) -> Iterator[Journey]:
    """Customers without any flaw, for ever, one every 1/`per_second` seconds."""
    slas = {**SLA_SECONDS, **slas}
    _check(slas)
    rng = random.Random(f"driftwise hold {seed}")  # noqa: S311
    for number in count(1):
        script = _script(number, f"H{_run(seed)}", today, slas, None, rng, further)
        yield script.journey(number / per_second)


def _run(seed: int) -> str:
    return format(seed, "x")


def _check(slas: Mapping[str, float]) -> None:
    timed = (kind for kind, usual in SLA_SECONDS.items() if usual)
    short = {kind: slas[kind] for kind in timed if slas[kind] < _SHORTEST_SLA_SECONDS}
    if short:
        raise ValueError(f"SLAs of the demo must be at least {_SHORTEST_SLA_SECONDS:g} s: {short}")


def _journey(
    number: int,
    run: str,
    today: date,
    slas: Mapping[str, float],
    flaw: Flaw | None,
    rng: random.Random,
    spread_seconds: float,
    further: bool,
) -> Journey:
    script = _script(number, run, today, slas, flaw, rng, further)
    return script.journey(rng.uniform(0, spread_seconds * (_FLAWED_SHARE if flaw else 1.0)))


def _script(
    number: int,
    run: str,
    today: date,
    slas: Mapping[str, float],
    flaw: Flaw | None,
    rng: random.Random,
    further: bool,
) -> Script:
    starts_later = flaw is None and rng.random() < 0.03
    ending = "won" if flaw else rng.choices(_ENDINGS, _ENDING_WEIGHTS)[0]
    profile = draw_profile(number, run, today, rng, starts_later=starts_later)
    script = Script(profile, flaw, slas, rng, further=further)
    write_journey(script, ending)
    return script
