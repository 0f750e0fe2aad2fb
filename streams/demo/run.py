"""One run of the demo: companies at work, faults injected, driftwise watched and scored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from schemas import topics
from schemas.instants import NEVER, Instant, seconds
from streams.demo.cluster import Cluster
from streams.demo.companies import Companies, today
from streams.demo.flaws import AUTOMATIC, SOURCE_STALE
from streams.demo.journal import Entry
from streams.demo.scenario import Plan, plan
from streams.demo.score import Score, score
from streams.demo.stories import FIRST, Story
from streams.demo.truth import Outage, expected_drifts, last_deadline
from streams.demo.watch import Watch
from streams.governance import Governance
from streams.judge.horizon import horizon_seconds
from streams.kinds.table import KINDS, judged

PAUSED = "billing"
PAUSE_AT, RESUME_AT, KILL_AT = 0.35, 0.50, 0.65
"""Shares of the plan's events: where a source falls silent, where it may speak again, where the worker is killed."""
READY_SECONDS, DRAIN_SECONDS = 60.0, 90.0
Show = Callable[[str], None]


class TooSlow(Exception):
    """Stop: something did not happen in time; the text says what, and which log to read."""


class Mischief:
    """The pause and the kill, placed by event count and carried out beside the clerks."""

    def __init__(self, cluster: Cluster, events: int, show: Show) -> None:
        self._cluster, self._events, self._show = cluster, events, show
        self.count = 0
        self.outages: list[Outage] = []
        self._pause_seconds = cluster.governance.systems[PAUSED].stale_after_seconds + 4
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mischief", daemon=True)
        self._failure: Exception | None = None

    def __enter__(self) -> Mischief:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._over.set()
        self._thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def on_step(self, count: int) -> None:
        self.count = max(self.count, count)

    def _run(self) -> None:
        try:
            self._pause()
            self._kill()
        except Exception as problem:  # noqa: BLE001 - raised again by whoever waits for us
            self._failure = problem

    def _pause(self) -> None:
        if not self._wait(PAUSE_AT):
            return
        begun_at = _now()
        self._cluster.pause(PAUSED)
        self._show(f"{PAUSED} falls silent")
        self._over.wait(self._pause_seconds)
        self._wait(RESUME_AT)
        self._cluster.resume(PAUSED)
        self.outages.append(Outage(PAUSED, begun_at, _now()))
        self._show(f"{PAUSED} speaks again")

    def _kill(self) -> None:
        if self._wait(KILL_AT):
            self._cluster.kill("worker")
            self._cluster.start("worker")
            self._show("worker killed with SIGKILL and started again")

    def _wait(self, share: float) -> bool:
        while self.count < share * self._events:
            if self._over.wait(0.02):
                return False
        return True


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
        with Mischief(cluster, steps, show) as mischief:
            live(watch, lambda: mischief.count / steps)
            journal = companies.run(script, mischief.on_step)
        show("the companies are done; waiting for the last deadline")
        journal = _drain(cluster, watch, companies, journal, story)
        return _score(cluster.governance, script, journal, watch, mischief.outages)


def _rows(seed: int, story: Story) -> int:
    return plan(seed, today(), story=story).events


def slas(governance: Governance, story: Story) -> dict[str, float]:
    """Kind -> seconds, of the kinds whose truth is known."""
    return {k.name: governance.kinds[k.name].sla_seconds for k in judged(governance) if k.name in story.kinds}


def wait_until_heard(cluster: Cluster, watch: Watch, show: Show) -> None:
    """Nothing opens before every source's first snapshot is complete; so nothing starts before."""
    deadline = time.monotonic() + READY_SECONDS
    while watch.heard_until() == NEVER:
        cluster.check_roles()
        if time.monotonic() > deadline:
            raise TooSlow(f"not every source was heard within {READY_SECONDS:.0f} s; see {cluster.log('worker')}")
        time.sleep(0.1)
    show("every source is heard; the companies start")


def _drain(cluster: Cluster, watch: Watch, companies: Companies, journal: list[Entry], story: Story) -> list[Entry]:
    """Until the watermarks have passed the last deadline, consequences of corrections included."""
    give_up = time.monotonic() + DRAIN_SECONDS
    while True:
        cluster.check_roles()
        everything = [*journal, *companies.foreign_entries(journal, cluster.written_to_crm())]
        last = last_deadline(everything, slas(cluster.governance, story), _now()) or _now()
        settled = max(last, _latest(everything)) + seconds(1.0)
        decided, late = watch.heard_until() > settled, time.monotonic() > give_up
        if decided and (late or not watch.open_kinds() & AUTOMATIC):
            return [*journal, *companies.foreign_entries(journal, cluster.written_to_crm())]
        if late:
            raise TooSlow(
                f"the last deadline was not decided within {DRAIN_SECONDS:.0f} s; see {cluster.log('worker')}"
            )
        time.sleep(0.25)


def _latest(journal: list[Entry]) -> Instant:
    return max(entry.committed_at for entry in journal)


def _score(governance: Governance, script: Plan, journal: list[Entry], watch: Watch, outages: list[Outage]) -> Score:
    until = watch.heard_until()
    story, limit = script.story, governance.systems[PAUSED].stale_after_seconds
    stale_after = limit if SOURCE_STALE in story.kinds else None
    expected = expected_drifts(script, journal, slas(governance, story), until, outages, stale_after)
    horizons: dict[str, float] = {}
    for kind in judged(governance):
        horizons[kind.name] = max(horizons.get(kind.name, 0.0), horizon_seconds(governance, kind))
    horizons["source_stale"] = governance.systems[PAUSED].horizon_seconds + 1.0  # an observation a second
    beside, not_judged = _out_of_the_score(governance, story)
    seen = watch.seen(topics.DRIFTS), watch.seen(topics.AUDIT)
    return score(script, expected, *seen, horizons, outages, len(journal), beside, not_judged)


def _out_of_the_score(governance: Governance, story: Story) -> tuple[list[str], list[str]]:
    """Kinds that are judged and not injected, and those that cannot be judged here."""
    predicates = {kind.name for kind in KINDS}
    known = {kind.name for kind in judged(governance)} | (governance.kinds.keys() - predicates)
    others = sorted(kind for kind in governance.kinds if governance.wants(kind) and kind not in story.kinds)
    return [kind for kind in others if kind in known], [kind for kind in others if kind not in known]


def _now() -> Instant:
    return time.time_ns() // 1000
