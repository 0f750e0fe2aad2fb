"""Two workers: a restart of one moves nothing and disturbs nobody; the death of one is made good from warm copies."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import count

import pytest

from connectors.stack import Endpoints
from streams.governance import load
from streams.settings import Settings
from streams.worker import wiring
from tests.integration.deployment import SESSION_SECONDS, Deployment, _end, delete_topics, overlay
from tests.integration.workers import Worker

TAKEOVER_SECONDS_MAX = SESSION_SECONDS + 9
"""Of which: the session that must run out, a heartbeat, a rebalance, eight shards taken over, a commit."""
_LAG = re.compile(r'driftwise_consumer_lag_records{partition="(\d+)",topic="src\.crm"}')
_STANDBY = re.compile(r'driftwise_standby_lag_records{partition="(\d+)",stage="(\w+)"} (\S+)')
_OPENED = re.compile(r"(\w+)-(\d+): (\d+) changelog records restored in .*")
_NAMES = count()


@pytest.fixture(scope="module")
def deployment(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Fed by a CRM alone; what its customers owe the other systems does not matter here."""
    folder = tmp_path_factory.mktemp("pairs")
    governance = load(overlay(folder / "governance"))
    settings = Settings(stack.kafka_bootstrap, stack.registry_url, application=f"driftwise-{folder.name}")
    created = wiring.create_topics(settings, governance)
    try:
        wiring.register(settings, governance)
        found = Deployment(settings, folder, [folder / "governance"], {})
        yield found
    finally:
        _end(found.workers)
        delete_topics(settings, created)


@pytest.fixture
def pair(deployment: Deployment) -> tuple[Worker, Worker]:
    """Both at work, each with its half, each with warm copies of the other's."""
    _end(deployment.workers)
    one, two = deployment.start("one").wait_ready(), deployment.start("two").wait_ready(SESSION_SECONDS + 60)
    both = (one, two)
    one.wait(lambda: len(partitions(one)) == len(partitions(two)) == 2 and all(is_warm(each) for each in both))
    return both


def partitions(worker: Worker) -> set[int]:
    """Those of src.crm that it reads."""
    return {int(number) for number in _LAG.findall(worker.ask("/metrics").text)}


def is_warm(worker: Worker) -> bool:
    """Whether it has a copy of each shard of the other's two partitions, a commit behind at most."""
    copies = [(stage, float(lag)) for _, stage, lag in _STANDBY.findall(worker.ask("/metrics").text)]
    return sum(stage in ("identify", "judge") for stage, _ in copies) == 4 and all(lag < 10 for _, lag in copies)


def new_customer(deployment: Deployment, there: set[int]) -> str:
    """One whose way through identify and judge lies in these partitions."""
    for number in _NAMES:
        name = f"C-{number}"
        if {deployment.partition(name), deployment.partition(f"crm:{name}")} <= there:
            deployment.row("crm", "Account", name)
            return name
    raise AssertionError


def passed(deployment: Deployment, name: str) -> bool:
    return deployment.members(f"crm:{name}") == [f"crm:{name}"]


def test_a_restart_of_one_moves_nothing_and_the_other_works_on(
    deployment: Deployment, pair: tuple[Worker, Worker]
) -> None:
    one, two = pair
    owned, ours, before = partitions(two), partitions(one), one.log
    for _ in range(20):
        new_customer(deployment, owned)

    assert two.stop() == 0
    meanwhile = new_customer(deployment, ours)
    deployment.until(lambda: passed(deployment, meanwhile), timeout_seconds=SESSION_SECONDS - 2)
    again = deployment.start("two").wait_ready()
    again.wait(lambda: partitions(again) == owned)

    assert "restored" not in one.log.removeprefix(before)
    assert "rebalancing" not in one.log.removeprefix(before)
    assert partitions(one) == ours
    assert sum(again.restored.values()) == 0


def test_the_shards_of_a_killed_worker_are_taken_over_warm_and_those_of_the_survivor_stay_open(
    deployment: Deployment, pair: tuple[Worker, Worker]
) -> None:
    one, two = pair
    theirs, before = partitions(two), one.log
    customers = [new_customer(deployment, theirs) for _ in range(20)]
    deployment.until(lambda: all(passed(deployment, name) for name in customers))
    two.kill()
    killed = time.monotonic()
    orphan = new_customer(deployment, theirs)
    deployment.until(lambda: passed(deployment, orphan), timeout_seconds=TAKEOVER_SECONDS_MAX + 20)

    # Where the orphan did not pass, shards may be opened a moment later.
    one.wait(lambda: len(_judging(one, before)) >= 2 * len(theirs))
    assert time.monotonic() - killed < TAKEOVER_SECONDS_MAX
    said = one.log.removeprefix(before)
    opened = _OPENED.findall(said)
    assert {int(partition) for stage, partition, _ in opened if stage in ("identify", "judge")} == theirs
    assert said.count("from a warm standby") == len(opened)
    assert sum(int(records) for *_, records in opened) < 200


def _judging(worker: Worker, before: str) -> list[tuple[str, ...]]:
    """Shards of identify and judge that it has opened since its log said `before`."""
    return [found for found in _OPENED.findall(worker.log.removeprefix(before)) if found[0] in ("identify", "judge")]


def test_a_worker_that_joins_takes_its_share_and_the_others_shards_go_on(
    deployment: Deployment, pair: tuple[Worker, Worker]
) -> None:
    one, two = pair
    assert two.stop() == 0
    one.wait(lambda: len(partitions(one)) == 4 and one.ask("/readyz").status == 200, SESSION_SECONDS + 30)
    before = one.log
    again = deployment.start("two").wait_ready()
    again.wait(lambda: len(partitions(again)) == len(partitions(one)) == 2)

    assert "restored" not in one.log.removeprefix(before)
    for there in (partitions(one), partitions(again)):
        name = new_customer(deployment, there)
        deployment.until(lambda name=name: passed(deployment, name))  # type: ignore[misc]
