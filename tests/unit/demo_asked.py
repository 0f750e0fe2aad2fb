"""A run of the demo in which the systems fall silent one after another, with `driftwise why` asked of everybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from schemas import topics
from schemas.instants import Instant, seconds
from streams.demo.beyond import INEFFECTIVE
from streams.demo.beyond_truth import Letter
from streams.demo.journal import Entry
from streams.demo.scenario import Plan, plan
from streams.demo.stories import ALL, SLA_SECONDS
from streams.look.across import Stages
from streams.look.answers import Known, answers
from streams.look.why import Explanation
from streams.suspects.table import compared
from tests.unit.ideal_companies import IdealCompanies
from tests.unit.test_demo_engine import STARTED_AT, TODAY, Replay

SILENT = {"billing": (11, 19), "product": (19, 27), "erp": (27, 35), "crm": (35, 43), "processor": (43, 51)}
"""System -> between which seconds of the run nothing is heard of it; odd, as the run hears then."""
ALL_HEARD = (11, 35)
Record = tuple[str, str, str]


@dataclass(frozen=True)
class Asked:
    """What is answered at one moment."""

    at: Instant
    silent: str
    """A system that was not heard further than `heard`; empty: all were heard."""
    heard: Instant
    answers: list[Explanation]

    @cached_property
    def _by_subject(self) -> dict[tuple[str, Record], list[Explanation]]:
        found = defaultdict(list)
        for e in self.answers:
            found[e.kind, (e.system, e.entity, e.native_id)].append(e)
        return found

    def of(self, kind: str, record: Record) -> list[Explanation]:
        return self._by_subject.get((kind, record), [])


class Interrupted(Replay):
    """What a silent system commits is captured once it speaks again."""

    lasts_seconds = 71
    silent = ""

    def __init__(self, *args: object, **how: object) -> None:
        super().__init__(*args, **how)  # type: ignore[arg-type]
        self.asked: list[Asked] = []
        self._waiting: list[Entry] = []

    def row(self, entry: Entry) -> None:
        if entry.system == self.silent:
            self._waiting.append(entry)
        else:
            super().row(entry)

    def hear(self, until: Instant) -> None:
        number = (until - STARTED_AT) // seconds(1)
        if self.silent and number == SILENT[self.silent][1]:
            super().hear(until)
            self.ask(until)
            self.silent = ""
            for entry in self._waiting:
                self.row(entry)
            self._waiting.clear()
        super().hear(until)
        if number in ALL_HEARD:
            self.ask(until)
        self.silent = next((system for system, (begins, _) in SILENT.items() if number == begins), self.silent)

    def heard(self) -> list[str]:
        return [system for system in self.governance.systems if system != self.silent]

    def ask(self, now: Instant) -> None:
        heard = STARTED_AT + seconds(SILENT[self.silent][0]) if self.silent else now
        self.asked.append(Asked(now, self.silent, heard, list(self.everything(now))))

    def everything(self, now: Instant) -> Iterator[Explanation]:
        governed, state = self.governance, self.driver.state
        places = range(governed.partitions)
        suspects = {p: state("suspects", p) for p in places} if compared(governed) else {}
        drifts = self.driver.latest(topics.DRIFTS)
        for place in places:
            judge = state("judge", place)
            known = Known(judge, [], drifts, {}, Stages(judge, state("crosswalk", 0), suspects))
            for customer in sorted({key.split("/")[1] for key, _ in judge.items() if key.startswith("e/")}):
                yield from answers(known, governed, customer, now)


class Told(NamedTuple):
    planned: Plan
    journal: list[Entry]
    asked: list[Asked]
    letters: list[Letter]
    """The dead letters that nobody dealt with."""

    @property
    def end(self) -> Asked:
        return self.asked[-1]

    def records(self, customer: int) -> set[Record]:
        """And those of who is told of with the customer."""
        return {(e.system, e.entity, e.native_id) for e in self.journal if abs(e.customer) == customer}


def told(seed: int) -> Told:
    """Every near miss, and one fault of each kind."""
    planned = few(plan(seed, TODAY, story=ALL))
    companies = IdealCompanies(STARTED_AT + 345_678, seed)
    journal = companies.run(planned, SLA_SECONDS)
    replay = Interrupted(planned, companies.performed)
    replay.run(journal)
    replay.ask(STARTED_AT + seconds(Interrupted.lasts_seconds - 2))
    left = [letter for letter in replay.letters.values() if letter.dismissed_at is None]
    return Told(planned, journal, replay.asked, left)


def few(planned: Plan) -> Plan:
    one = {flaw.kind: customer for customer, flaw in planned.faults.items() if customer not in planned.struck}
    del one[INEFFECTIVE]  # it takes minutes, and is no customer's kind
    kept = {*planned.near_misses, *one.values()}
    return replace(
        planned,
        journeys=tuple(j for j in planned.journeys if j.customer in kept),
        faults={c: flaw for c, flaw in planned.faults.items() if c in kept},
        struck={},
    )
