"""One run of the demo: companies at work, faults injected, driftwise watched and scored."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from schemas import topics
from schemas.errors import OperatorError
from schemas.instants import NEVER, Instant, seconds
from streams.demo.beyond import BREAKER, INEFFECTIVE, MASS_DRIFT, ONCE, SOURCE_GAP
from streams.demo.beyond_truth import Breaker, Happened, Mass, drifts_beyond
from streams.demo.cluster import Cluster
from streams.demo.companies import Companies, today
from streams.demo.flaws import AUTOMATIC, SOURCE_STALE
from streams.demo.journal import Entry
from streams.demo.mischief import PAUSED, Mischief, Show
from streams.demo.operators import Operators
from streams.demo.polled import as_polled
from streams.demo.scenario import Plan, plan
from streams.demo.score import Score, score
from streams.demo.stories import FIRST, SLA_SECONDS, Story
from streams.demo.truth import ExpectedDrift, expected_drifts, last_deadline
from streams.demo.watch import Watch
from streams.fleet import FLEET_KINDS
from streams.governance import Governance
from streams.judge.horizon import horizon_seconds
from streams.kinds.table import KINDS, judged
from streams.suspects.table import SUSPECT_KINDS

READY_SECONDS, DRAIN_SECONDS = 60.0, 180.0
VERDICT_SECONDS = 20.0
"""How long the last verdicts may take once everything that they need was heard."""

TOO_BUSY, TOO_BUSY_SECONDS = 1.5, 10.0
"""How far the companies may fall behind their plan before the score is doubtful."""


class TooSlow(OperatorError):
    """Stop: something did not happen in time; the text says what, and which log to read."""


def run(
    home: Path,
    seed: int,
    spread_seconds: float,
    show: Show,
    live: Callable[[Watch, Callable[[], float]], object],
    story: Story = FIRST,
) -> Score:
    """Bring everything up, run the plan of this seed, wait until nothing more is to come, and score it."""
    with Cluster(home, show, story) as cluster, Watch(cluster.settings, cluster.governance) as watch:
        wait_until_heard(cluster, watch, show)
        spread_seconds *= max(1.0, _rows(seed, story) / _rows(seed, FIRST))  # as many rows a second as ever
        script = plan(seed, today(), slas(cluster.governance, story), spread_seconds, story)
        steps = len(script.steps())
        companies = Companies(cluster.access())
        with Operators(cluster, watch, script, slas(cluster.governance, story)) as operators:
            run_ = _Run(cluster, watch, companies, operators, script)
            with Mischief(cluster, steps, show, empties=SOURCE_GAP in story.kinds) as mischief:
                live(watch, lambda: mischief.count / steps)
                began = time.monotonic()
                journal = companies.run(script, mischief.on_step)
                lag = behind(time.monotonic() - began, max(step.at_seconds for step in script.steps()))
            show("the companies are done; waiting for the last deadline")
            if lag:
                show(lag)
            return _score(run_, _drain(run_, journal), mischief)


class _Run(NamedTuple):
    cluster: Cluster
    watch: Watch
    companies: Companies
    operators: Operators
    plan: Plan

    @property
    def slas(self) -> dict[str, float]:
        return slas(self.cluster.governance, self.plan.story)

    def everything(self, journal: list[Entry]) -> list[Entry]:
        """Also what driftwise has written so far, and those who look after it; of the CRM what polls could meet."""
        foreign = self.companies.foreign_entries(journal, self.cluster.written_to_crm())
        return as_polled([*journal, *foreign, *self.operators.entries], "crm", self.cluster.shown_by_crm())


def behind(taken_seconds: float, planned_seconds: float) -> str | None:
    """Companies that cannot keep to their plan miss deadlines that the plan did not mean to be missed."""
    if taken_seconds <= planned_seconds * TOO_BUSY + TOO_BUSY_SECONDS:
        return None
    return (
        f"they took {taken_seconds:.0f} s for what was planned in {planned_seconds:.0f} s: this machine is too busy, "
        "and the score says little; run it again with two cores free"
    )


def _rows(seed: int, story: Story) -> int:
    return plan(seed, today(), story=story).events


def slas(governance: Governance, story: Story) -> dict[str, float]:
    """Kind -> seconds, of the kinds whose truth is known and that a customer's flaw may be of."""
    return {kind: governance.kinds[kind].sla_seconds for kind in SLA_SECONDS if kind in story.kinds}


def wait_until_heard(cluster: Cluster, watch: Watch, show: Show) -> None:
    """Nothing opens before every source's first snapshot is complete; so nothing starts before."""
    deadline = time.monotonic() + READY_SECONDS
    while watch.heard_until() == NEVER:
        cluster.check_roles()
        if time.monotonic() > deadline:
            raise TooSlow(f"not every source was heard within {READY_SECONDS:.0f} s; see {cluster.log('worker')}")
        time.sleep(0.1)
    show("every source is heard; the companies start")


def _drain(run_: _Run, journal: list[Entry]) -> list[Entry]:
    """Until the watermarks have passed the last deadline, consequences of corrections included."""
    cluster, watch = run_.cluster, run_.watch
    give_up = time.monotonic() + DRAIN_SECONDS
    while True:
        cluster.check_roles()
        run_.operators.check()
        everything = run_.everything(journal)
        last = last_deadline(everything, run_.slas, _now()) or _now()
        settled = max(last, _latest(everything)) + seconds(1.0)
        decided, late = watch.heard_until() > settled, time.monotonic() > give_up
        if decided and (late or not (run_.operators.at_work or watch.open_kinds() & AUTOMATIC)):
            return run_.everything(journal)
        if late:
            raise TooSlow(
                f"the last deadline was not decided within {DRAIN_SECONDS:.0f} s; see {cluster.log('worker')}"
            )
        time.sleep(0.25)


def _latest(journal: list[Entry]) -> Instant:
    return max(entry.committed_at for entry in journal)


def _score(run_: _Run, journal: list[Entry], mischief: Mischief) -> Score:
    """Once it passes, or the last verdicts have had their time."""
    governance, watch, script = run_.cluster.governance, run_.watch, run_.plan
    expected = _expected(run_, journal, mischief)
    horizons = _horizons(governance)
    beside, not_judged = _out_of_the_score(governance, script.story)
    give_up = time.monotonic() + VERDICT_SECONDS
    while True:
        seen = watch.seen(topics.DRIFTS), watch.seen(topics.AUDIT)
        result = score(script, expected, *seen, horizons, mischief.outages, len(journal), beside, not_judged)
        if result.passed or time.monotonic() > give_up:
            return result
        time.sleep(0.5)


def _expected(run_: _Run, journal: list[Entry], mischief: Mischief) -> list[ExpectedDrift]:
    governance, script, until = run_.cluster.governance, run_.plan, run_.watch.heard_until()
    limit = governance.systems[PAUSED].stale_after_seconds if SOURCE_STALE in script.story.kinds else None
    drifts = expected_drifts(script, journal, run_.slas, until, mischief.outages, limit)
    happened = Happened(tuple(run_.operators.letters.values()), mischief.gaps, run_.operators.answers)
    rules = mass_of(governance), until, breaker_of(governance)
    return drifts_beyond(script, journal, drifts, run_.slas, happened, *rules)


def mass_of(governance: Governance) -> Mass:
    rules = governance.kinds[MASS_DRIFT]
    return Mass(rules.sla, int(rules.tolerance_absolute), governance.partitions)


def breaker_of(governance: Governance) -> Breaker:
    rules = governance.kinds[BREAKER]
    return Breaker(int(rules.tolerance_absolute), rules.sla)


def _horizons(governance: Governance) -> dict[str, float]:
    """Kind -> verdict horizon; what the fleet stage is told of, it hears with an observation a second, and how far
    judge is, with a canary."""
    observed = max(system.horizon_seconds for system in governance.systems.values()) + 1.0
    horizons = dict.fromkeys(FLEET_KINDS, observed)
    horizons[INEFFECTIVE] += governance.canary_interval_seconds + governance.canary_sla_seconds
    horizons |= dict.fromkeys(SUSPECT_KINDS, observed)
    horizons |= dict.fromkeys(ONCE, governance.systems[PAUSED].horizon_seconds + 1.0)
    for kind in judged(governance):
        horizons[kind.name] = max(horizons.get(kind.name, 0.0), horizon_seconds(governance, kind))
    return horizons


def _out_of_the_score(governance: Governance, story: Story) -> tuple[list[str], list[str]]:
    """Kinds that are judged and not injected, and those that cannot be judged here."""
    predicates = {kind.name for kind in KINDS}
    known = {kind.name for kind in judged(governance)} | (governance.kinds.keys() - predicates)
    others = sorted(kind for kind in governance.kinds if governance.wants(kind) and kind not in story.kinds)
    return [kind for kind in others if kind in known], [kind for kind in others if kind not in known]


def _now() -> Instant:
    return time.time_ns() // 1000
