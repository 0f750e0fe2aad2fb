"""The canary: broken on purpose at a steady interval, it drifts within its bound, or its age tells that detection is
dead."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams import canary
from streams.driver import Place
from streams.look.sources import waiting
from streams.verify.report import EQUAL
from tables.view import Workspace
from tests.recorded import DriverRecording
from tests.topology import Company
from tests.unit.test_verify import verified

INTERVAL, SLA = 30, 5
"""Seconds, of the default governance."""


class Aviary:
    """A company that is asked, at instants in seconds, how old its sources are: that is when canaries break."""

    def __init__(self) -> None:
        self.company = Company()
        self.driver = self.company.driver

        self.stuck: Place | None = None
        """A partition of a topic whose shard stands still."""

    def probe(self, at: float) -> None:
        for system in self.company.governance.systems:
            for partition in range(self.company.governance.partitions):
                value = {"system": system, "observed_at": round(at * SECOND)}
                self.driver.pipe(topics.source_topic(system), "", "SourceProbe", value, partition=partition)
        self.run()

    def hear(self, until: float, *systems: str) -> None:
        self.company.heard(until, *systems, run=False)
        self.run()

    def run(self) -> None:
        while waiting := [place for place, queue in self.driver.queues.items() if queue and place != self.stuck]:
            self.driver.run_one(waiting[0])

    def age(self, system: str, now: float) -> float | None:
        found = canary.age(Workspace(self.driver.state("fleet", 0)), system, round(now * SECOND))
        return None if found is None else found / SECOND

    def broken(self) -> int:
        return len([w for w in self.driver.written[topics.CHANGES] if w.record == "CanaryBroken"])


@pytest.fixture
def aviary() -> Aviary:
    made = Aviary()
    made.hear(100)
    made.probe(100)
    return made


def test_one_is_broken_in_every_partition_of_every_source_at_a_steady_interval(aviary: Aviary) -> None:
    once = len(aviary.company.governance.systems) * aviary.company.governance.partitions
    assert aviary.broken() == once
    aviary.probe(100 + INTERVAL - 1)
    assert aviary.broken() == once
    aviary.probe(100 + INTERVAL)
    assert aviary.broken() == 2 * once


def test_they_go_on_once_a_clock_that_was_far_ahead_is_set_right(aviary: Aviary) -> None:
    aviary.probe(100 + 365 * 86400)
    before = aviary.broken()
    aviary.probe(200)
    aviary.hear(200 + SLA + 1)

    assert aviary.broken() == before + before // 2
    assert aviary.age("erp", 210) == 10


def test_its_drift_makes_it_young_again(aviary: Aviary) -> None:
    aviary.probe(130)
    assert aviary.age("erp", 140) == 40, "nothing has drifted since the source was first heard"
    aviary.hear(136)

    assert aviary.age("erp", 140) == 10


def test_before_its_deadline_has_been_heard_of_it_does_not_drift(aviary: Aviary) -> None:
    aviary.probe(130)
    aviary.hear(130 + SLA - 1)

    assert aviary.age("erp", 140) == 40


def test_a_source_that_falls_silent_ends_its_own_canaries_and_no_others(aviary: Aviary) -> None:
    aviary.probe(130)
    aviary.hear(136, "crm", "billing")

    assert [aviary.age(system, 140) for system in ("crm", "billing", "erp")] == [10, 10, 40]


def test_one_partition_that_judges_no_more_is_enough_to_be_dead(aviary: Aviary) -> None:
    limit = canary.bound(aviary.company.governance, "erp") / SECOND
    aviary.stuck = (topics.CHANGES, 2)
    for at in range(130, 400, INTERVAL):
        aviary.probe(at)
        aviary.hear(at + SLA + 1)
    assert (aviary.age("erp", 400) or 0) > limit

    aviary.stuck = None
    aviary.run()
    assert (aviary.age("erp", 400) or limit) < limit


def test_a_source_not_heard_yet_has_no_age(aviary: Aviary) -> None:
    made = Aviary()
    made.probe(100)

    assert made.age("erp", 5000) is None


def test_nothing_of_it_is_a_companys(aviary: Aviary) -> None:
    aviary.probe(130)
    aviary.hear(200)

    for topic in (topics.DRIFTS, topics.COMMANDS, topics.AUDIT, topics.CORRECTED_STATE):
        assert [w for w in aviary.driver.written[topic] if "source_stale" not in str(w.value)] == []


def test_those_that_wait_are_no_verdicts_held_back(aviary: Aviary) -> None:
    aviary.probe(130)

    for partition in range(aviary.company.governance.partitions):
        view = aviary.driver.state("judge", partition)
        assert any(canary.is_canary(key) for key, _ in view.items())
        assert list(waiting(view, aviary.company.governance, 10**18)) == []  # type: ignore[arg-type]


def test_they_are_verified_like_everything_else(aviary: Aviary) -> None:
    aviary.probe(130)
    aviary.hear(136)
    aviary.probe(170)

    assert verified(DriverRecording(aviary.driver), aviary.company).code == EQUAL
