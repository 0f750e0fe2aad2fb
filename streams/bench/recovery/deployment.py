"""A deployment with a past, and what happens to it: restarts, and one of two workers killed under load."""

from __future__ import annotations

import shutil
import time
from typing import Any, NamedTuple

from schemas import topics
from streams.bench.cluster import Cluster
from streams.bench.recovery.load import Load
from streams.bench.recovery.pair import Group, Member
from streams.bench.recovery.preload import Preloaded, preload
from streams.bench.step.log import governance, records
from streams.bench.table import Bench
from streams.bench.watch import ContestantFailed
from streams.bench.workload import PARTITIONS
from streams.judge.stage import WRITES

SCENARIOS = {"standby": 1, "none": 0}
AGE_SECONDS_MAX = 1.0
STEADY_SECONDS = 3.0
"""So long the age stays below its limit before the verdicts count as current again."""
_RESTORE_SECONDS_MAX, _WARM_SECONDS_MAX = 400.0, 60.0
_COLD_RECORDS = 1_000
"""A copy further behind than that is not warm."""
_SEED, _ENOUGH = 5, 10_000_000


class Size(NamedTuple):
    restored: int
    """Records of the bulk restore."""
    few: int
    customers: int
    burst: int
    """Changes by which the maximum rate of one worker is found."""
    load_share: float
    """Of that rate, what is written while a worker is killed: with the rest the survivor catches up."""
    load_seconds: float
    """How long verdicts may stand still in one scenario."""
    rounds: int


class Deployment:
    """A past of so many customers in a changelog, and workers that go on from it."""

    def __init__(self, bench: Bench, cluster: Cluster, customers: int, size: Size) -> None:
        self._bench, self._cluster, self._size = bench, cluster, size
        self._run = f"judge-{customers}"
        self._source, self._changelog = f"changes.{self._run}", topics.CHANGELOG + self._run
        self._folder = bench.folder / self._run
        self._folder.mkdir()
        self._group = Group([])
        cluster.create([self._source, *WRITES])
        cluster.create([self._changelog], {"cleanup.policy": "compact"})
        self._load = Load(cluster.bootstrap, self._source, records(_SEED, _ENOUGH, governance()))
        bench.progress(f"making the past of {customers:,} customers")
        made: Preloaded = preload(cluster, self._changelog, customers, self._source)
        self.said: dict[str, Any] = {
            "changelog_records": made.records,
            "value_bytes": round(made.value_bytes / made.records),
        }
        bench.progress(f"  {made.records:,} changelog records, {self.said['value_bytes']} bytes each on average")

    def _member(self, name: str, standbys: int = 0) -> Member:
        return Member(self._cluster.bootstrap, self._run, self._source, name, self._folder, standbys)

    def restart(self) -> float:
        """Seconds from the start of a worker to all its shards open, on a store that is whole."""
        member = self._member("one").start()
        self._group = Group([member])
        self.said["first_start_seconds"] = round(self._group.wait_owned(_RESTORE_SECONDS_MAX), 2)
        self._bench.progress(f"  restored in full after {self.said['first_start_seconds']} s")
        self.said["rate_max"] = round(self._rate_max())
        self._bench.progress(f"  one worker judges {self.said['rate_max']:,} changes/s")
        member.stop()
        seconds = self._group.wait_owned(60) if member.start() else 0.0
        self._bench.progress(f"  restarted on an intact store in {seconds:.2f} s")
        return round(seconds, 2)

    def _rate_max(self) -> float:
        self._load.burst(self._size.burst)
        started = time.monotonic()
        self._wait_current(120)
        return self._size.burst / (time.monotonic() - started)

    def _wait_current(self, timeout_seconds: float) -> None:
        what = "everything written is judged"
        self._group.wait(lambda: sum(self._group.positions().values()) >= self._load.written, what, timeout_seconds)

    def gaps(self) -> dict[str, float | None]:
        """Scenario -> seconds; None where it came to nothing, the reason told."""
        found: dict[str, float | None] = {}
        for name, standbys in SCENARIOS.items():
            if not self._bench.takes(name):
                continue
            try:
                found[name] = self.kill(name, standbys)
            except ContestantFailed as problem:
                found[name] = None
                self.said.setdefault("void", {})[name] = str(problem)
                self._bench.progress(f"  {name}: void: {problem}")
        return found

    def kill(self, name: str, standbys: int) -> float:
        """Seconds from the SIGKILL of one of two workers to verdicts that are current again."""
        self._group.stop()
        survivor, victim = self._member("one", standbys), self._member("two", standbys)
        self._group = Group([survivor.start(), victim.start()])
        self._group.wait(lambda: self._is_settled(survivor, victim), "both workers are ready", _RESTORE_SECONDS_MAX)
        if not standbys:
            _forget(survivor, self._run)
        rate = self.said["rate_max"] * self._size.load_share
        self._load.prepare(int(rate * (self._size.load_seconds + _WARM_SECONDS_MAX)))
        self._load.start(rate)
        try:
            self._wait_steady(_WARM_SECONDS_MAX)
            self._bench.progress(f"  {name}: {rate:,.0f} changes/s; SIGKILL")
            victim.kill()
            killed = time.monotonic()
            self._group.members.remove(victim)
            gap = self._wait_steady(self._size.load_seconds) - STEADY_SECONDS - killed
        finally:
            self._load.stop()
        self._bench.progress(f"  {name}: verdicts current again after {gap:.1f} s")
        return round(gap, 1)

    def _is_settled(self, survivor: Member, victim: Member) -> bool:
        """Each has its half and, with standbys, warm copies of the other's: copying is not what is measured."""
        halves = {member.name: set(member.positions) for member in (survivor, victim)}
        if sum(map(len, halves.values())) != PARTITIONS or set() in halves.values():
            return False
        if not survivor.standbys:
            return True
        return _is_warm(survivor, halves[victim.name]) and _is_warm(victim, halves[survivor.name])

    def _wait_steady(self, timeout_seconds: float) -> float:
        """When verdicts had been current for long enough."""
        since: list[float] = []

        def steady() -> bool:
            if self._load.exhausted:
                raise ContestantFailed("the load ended before verdicts were current again")
            if self._load.age_seconds(self._group.positions()) >= AGE_SECONDS_MAX:
                since.clear()
                return False
            since.append(time.monotonic())
            return since[-1] - since[0] >= STEADY_SECONDS

        self._group.wait(steady, f"verdicts are younger than {AGE_SECONDS_MAX} s", timeout_seconds)
        return time.monotonic()

    def end(self) -> None:
        self._group.stop()
        self._cluster.delete(self._run)
        self._cluster.delete("q2c.")
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_warm(member: Member, partitions: set[int]) -> bool:
    lag = member.lag
    return all(lag.get(partition, _COLD_RECORDS) < _COLD_RECORDS for partition in partitions)


def _forget(survivor: Member, run: str) -> None:
    """What an earlier life of the worker knows of the other's shards."""
    for folder in survivor.stores.iterdir():
        name, _, partition = folder.name.rpartition("-")
        if name == run and int(partition) not in survivor.positions:
            shutil.rmtree(folder)
