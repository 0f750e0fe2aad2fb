"""All customers of a run: the same seed, SLAs and day give the same plan, to the last amount and delay."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, count
from typing import NamedTuple

from streams.demo.beyond import HELD, IDENTITY_CONFLICT, INEFFECTIVE, Breakdown
from streams.demo.flaws import (
    DEFAULT_SLA_SECONDS,
    WON_WITHOUT_ERP_CUSTOMER,
    WRITEBACK_MISSING,
    Flaw,
    Timing,
)
from streams.demo.journeys import write_journey
from streams.demo.profile import draw_profile
from streams.demo.script import Script
from streams.demo.steps import Journey, Native, Ref, Step, in_time_order
from streams.demo.stories import FIRST, SLA_SECONDS, Story

CLEAN_FOR_EACH_FAULTY = 10
_CLEAN_SPARE = 15  # some may slip into a true drift on a slow machine
SPREAD_SECONDS = 40.0
_FLAWED_SHARE = (
    0.85  # of the spread: their deadlines come last; they start earlier so that the run ends in about a minute
)
_EARLY_SHARE = 0.5  # of the spread: where a correction must fail first, and be waited for
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
    struck: Mapping[int, Breakdown] = field(default_factory=dict)
    """Customers whose flaw comes of a breakdown, which befell others as well."""

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
    def causes(self) -> int:
        """Of all faults: a breakdown is one, however many it befalls."""
        return len(self.faults) - len(self.struck) + len(self.story.breakdowns)

    def written(self, record: str, column: str) -> Native:
        """The first value that is written to a column of a record; None where none is, or another record's id."""
        customer = int(record.partition("/")[0])
        writes = (w for j in self.journeys if j.customer == customer for step in j.steps for w in step.writes)
        found = next((w.values[column] for w in writes if w.record == record and column in w.values), None)
        return None if isinstance(found, Ref) else found

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
        flawed = chain(self.faults.items(), self.near_misses.items())
        consequences = {(c, WRITEBACK_MISSING) for c, flaw in flawed if _leaves_unreferenced(flaw)}
        return frozenset(faults | consequences)


def _leaves_unreferenced(flaw: Flaw) -> bool:
    """Nobody but driftwise writes the customer's id back, or tries to."""
    if flaw.kind == IDENTITY_CONFLICT:
        return flaw.where == HELD
    return flaw.kind == INEFFECTIVE or (flaw.kind == WON_WITHOUT_ERP_CUSTOMER and flaw.timing is Timing.NEVER)


class _Part(NamedTuple):
    """Of the run's customers: what goes wrong there, and within which seconds it starts."""

    flaw: Flaw | None
    starts: tuple[float, float]
    struck: Breakdown | None = None


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
    parts = list(_parts(story, spread_seconds))
    rng.shuffle(parts)
    journeys = [
        _script(number, _run(seed), today, slas, part.flaw, rng, story.further).journey(rng.uniform(*part.starts))
        for number, part in enumerate(parts, 1)
    ]
    chosen = {number: part.flaw for number, part in enumerate(parts, 1) if part.flaw is not None}
    struck = {number: part.struck for number, part in enumerate(parts, 1) if part.struck is not None}
    return Plan(
        seed,
        tuple(sorted(journeys, key=lambda journey: journey.starts_at_seconds)),
        {number: flaw for number, flaw in chosen.items() if number in struck or flaw in story.faults},
        {number: flaw for number, flaw in chosen.items() if flaw in story.near_misses},
        story,
        struck,
    )


def _parts(story: Story, spread_seconds: float) -> Iterable[_Part]:
    for flaw in (*story.faults, *story.near_misses):
        share = _EARLY_SHARE if flaw.kind == INEFFECTIVE else _FLAWED_SHARE
        yield _Part(flaw, (0.0, spread_seconds * share))
    clean = CLEAN_FOR_EACH_FAULTY * (len(story.faults) + len(story.breakdowns)) + _CLEAN_SPARE
    yield from [_Part(None, (0.0, spread_seconds))] * clean
    for breakdown in story.breakdowns:
        yield from _struck(breakdown, spread_seconds)


def _struck(breakdown: Breakdown, spread_seconds: float) -> Iterable[_Part]:
    begins = breakdown.at * spread_seconds
    return [_Part(breakdown.flaw, (begins, begins + breakdown.lasts_seconds), breakdown)] * breakdown.customers


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
