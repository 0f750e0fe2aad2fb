"""Workers that are killed, frozen, robbed of their store: nothing is lost, nothing is said twice, as an offline run of
the same input confirms."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.stack import Endpoints
from schemas import topics
from schemas.instants import Instant, seconds
from streams import canary
from streams.driver import Driver
from streams.look.progress import read_progress
from streams.worker import wiring
from tables.state import RocksState
from tables.view import Value
from tests.integration.bad_input import customer, invoice, posting
from tests.integration.deployment import SESSION_SECONDS, SLA_SECONDS, Deployment, deployed
from tests.integration.workers import Worker

SEED = 20261124
KILLS = 5
CUSTOMERS_A_KILL = 25
INVOICES = 6
TIMING = ("watermarks",)
"""What a drift says of the moment of its verdict; a restart may move that moment."""


@pytest.fixture(scope="module")
def deployment(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(stack, tmp_path_factory.mktemp("crashes"), heartbeat_ms=500) as it:
        yield it


def company(deployment: Deployment, name: str, choose: random.Random) -> int:
    """A customer with invoices, most of them posted in the ledger, a few moved to another customer or shortened;
    returns how many rows were written."""
    customer(deployment, name)
    rows = 3
    for number in range(INVOICES):
        document = f"{name}-{number}"
        invoice(deployment, document, "Draft", owner=name)
        deployment.row("billing", "invoice_line", f"L-{document}", f"B-{name}", invoice_id=f"I-{document}")
        invoice(deployment, document, owner=name)
        rows += 3
        if choose.random() < 0.8:
            posting(deployment, document, owner=name)
            rows += 1
        if choose.random() < 0.1:
            fate(deployment, document, choose)
            rows += 1
    return rows


def fate(deployment: Deployment, document: str, choose: random.Random) -> None:
    statement = choose.choice(
        (
            "UPDATE invoice SET account_id = 'B-0-0' WHERE id = %s",
            "DELETE FROM invoice_line WHERE invoice_id = %s",
        )
    )
    deployment.databases["billing"].writer.execute(statement.encode(), (f"I-{document}",))


@pytest.fixture(scope="module")
def crashed(deployment: Deployment) -> Deployment:
    """A few thousand rows went in while the worker was killed again and again; then it was left alone."""
    choose, rows = random.Random(SEED), 0
    worker = deployment.start().wait_ready()
    for kill in range(KILLS):
        fatal = choose.randrange(CUSTOMERS_A_KILL)
        for number in range(CUSTOMERS_A_KILL):
            rows += company(deployment, f"{kill}-{number}", choose)
            if number % 8 == 0:
                deployment.heard_crm()
            if number == fatal:
                worker.kill()
                worker = deployment.start()
        worker.wait_ready()
    assert rows > 3_000
    return deployment


@pytest.fixture(scope="module")
def offline(crashed: Deployment) -> Driver:
    """The same topology over the same input, in one thread, without a crash; every deadline has passed."""
    last = max(d["due_at"] for d in crashed.until(lambda: crashed.values(topics.DRIFTS)))
    crashed.until(lambda: heard(crashed) > last + 3 * seconds(SLA_SECONDS))
    return drive(crashed)


def heard(deployment: Deployment) -> Instant:
    """Up to when all sources are complete."""
    governance = deployment.governance
    progress = read_progress(deployment.cluster, governance, time.time_ns() // 1_000)
    return min(progress.complete_until(governance, system) for system in governance.systems)


def drive(deployment: Deployment) -> Driver:
    driver = Driver(deployment.governance, wiring.readers(deployment.governance))
    driver.codec = deployment.cluster.codec
    for system in deployment.governance.systems:
        for record in deployment.cluster.raw(topics.source_topic(system)):
            driver.pipe_raw(record.topic, record.key.encode(), record.data, record.partition, record.headers)
    driver.run()
    return driver


def told(drifts: list[dict[str, Any]]) -> Counter[str]:
    """Each thing said about a drift, and how often."""
    return Counter(repr(sorted((k, v) for k, v in d.items() if k not in TIMING)) for d in drifts)


def facts(entities: list[dict[str, Any]]) -> dict[str, list[tuple[str, Any]]]:
    return {
        f"{e['canonical_id']}/{e['entity']}/{e['native_id']}": [(a["name"], a["value"]) for a in e["attributes"]]
        for e in entities
        if "attributes" in e
    }


def test_what_was_said_of_drifts_is_what_an_uninterrupted_run_says(crashed: Deployment, offline: Driver) -> None:
    expected = told(written(offline, topics.DRIFTS))
    assert len(expected) > KILLS * CUSTOMERS_A_KILL / 2

    crashed.until(lambda: told(crashed.values(topics.DRIFTS)).total() >= expected.total())
    assert told(crashed.values(topics.DRIFTS)) == expected


def test_no_drift_has_two_contents(crashed: Deployment, offline: Driver) -> None:
    said = Counter((d["drift_id"], d["canonical_id"], d["status"]) for d in crashed.values(topics.DRIFTS))

    assert {key: times for key, times in said.items() if times > 1} == {}


def test_the_corrected_state_is_that_of_an_uninterrupted_run(crashed: Deployment, offline: Driver) -> None:
    expected = facts(offline.latest(topics.CORRECTED_STATE))

    assert facts(list(crashed.latest(topics.CORRECTED_STATE).values())) == expected
    assert len(expected) > KILLS * CUSTOMERS_A_KILL * 2 * INVOICES


def test_every_obligation_was_settled_once(crashed: Deployment, offline: Driver) -> None:
    expected = Counter((a["kind"], a["native_id"], a["result"]) for a in written(offline, topics.AUDIT))
    found = Counter((a["kind"], a["native_id"], a["result"]) for a in crashed.values(topics.AUDIT))

    assert found == expected
    assert set(expected.values()) == {1}


def test_every_command_was_given_once(crashed: Deployment, offline: Driver) -> None:
    given = Counter(c["command_id"] for c in crashed.values(topics.COMMANDS))

    assert set(given.values()) == {1}
    assert given == Counter(c["command_id"] for c in written(offline, topics.COMMANDS))


def written(driver: Driver, topic: str) -> list[dict[str, Any]]:
    """As a reader of the topic sees it."""
    held = [w for w in driver.written[topic] if w.value is not None]
    return [driver.codec.decode(driver.codec.encode(topic, w.record, w.value or {})).value for w in held]


# -- the store


def test_a_restart_on_an_intact_store_replays_only_the_tail(crashed: Deployment) -> None:
    crashed.workers[-1].kill()
    worker = crashed.start().wait_ready()

    assert len(worker.restored) == 10
    assert sum(worker.restored.values()) < 1_000


def test_a_store_that_is_gone_is_restored_in_full_to_the_same_state(crashed: Deployment) -> None:
    assert crashed.workers[-1].stop() == 0
    before = stored(crashed.workers[-1])
    shutil.rmtree(crashed.workers[-1].data)
    worker = crashed.start().wait_ready()
    assert sum(worker.restored.values()) > 10_000
    assert worker.stop() == 0

    assert stored(worker) == before
    assert sum(map(len, before.values())) > 3_000


def stored(worker: Worker) -> dict[str, dict[str, Value]]:
    """Shard -> what its store holds, but for how far it has come, and for what a worker at work adds with every second:
    observations of its sources, and canaries."""
    folders = [f for f in sorted(worker.data.iterdir()) if (f / "CURRENT").exists() and not f.name.startswith("fleet-")]
    return {folder.name: _items(folder) for folder in folders}


def _items(folder: Path) -> dict[str, Value]:
    state = RocksState(folder)
    try:
        return {key: value for key, value in state.items() if not canary.is_canary(key)}
    finally:
        state.close()


# -- two workers that both believe they own the shards


def test_a_worker_that_slept_past_its_session_is_fenced_and_leaves(crashed: Deployment) -> None:
    sleeper = crashed.start().wait_ready()
    customer(crashed, "before")
    crashed.until(lambda: len(crashed.members("crm:A-before")) == 3)
    sleeper.freeze()
    successor = crashed.start("two").wait_ready(SESSION_SECONDS + 60)
    customer(crashed, "asleep")
    invoice(crashed, "asleep")
    crashed.until(lambda: crashed.drifts("I-asleep"))
    sleeper.wake()

    assert sleeper.process.wait(60) == 1
    assert "another worker took this partition over" in sleeper.log
    posting(crashed, "asleep")
    crashed.until(lambda: len(crashed.drifts("I-asleep")) > 1)
    assert [d["status"] for d in crashed.drifts("I-asleep")] == ["open", "closed"]
    assert successor.process.poll() is None
