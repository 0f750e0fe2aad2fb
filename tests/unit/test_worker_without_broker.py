"""A worker whose broker goes away for good, on the real process: it can always be ended, and ends itself."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.workers import Worker

STUCK_AFTER_SECONDS = 1
SOON_SECONDS = 20
"""On a busy machine; a second or two else."""


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def worker(folder: Path, bootstrap: str, waits: str, stuck_after_seconds: int = 3600) -> Worker:
    environment = {
        "DRIFTWISE_KAFKA_BOOTSTRAP": bootstrap,
        "DRIFTWISE_REGISTRY_URL": "http://127.0.0.1:1",
        "DRIFTWISE_DATA": str(folder / "data"),
        "DRIFTWISE_STUCK_AFTER_SECONDS": str(stuck_after_seconds),
    }
    return Worker(folder, environment, (sys.executable, "-m", "tests.lonely_worker", waits))


def begun(worker: Worker) -> Worker:
    worker.wait(lambda: "metrics and health on" in worker.log, SOON_SECONDS)
    return worker


def test_a_worker_that_is_not_let_in_by_its_broker_ends_itself_and_says_where(
    tmp_path: Path, silent_broker: str
) -> None:
    alone = worker(tmp_path, silent_broker, "connection", STUCK_AFTER_SECONDS)

    assert alone.ended(SOON_SECONDS) == 3
    assert f"the broker at {silent_broker} has not let us in for" in alone.log
    assert "check that it is up and reachable" in alone.log


def test_a_worker_that_nobody_answers_ends_at_once_and_says_where(tmp_path: Path) -> None:
    alone = worker(tmp_path, "127.0.0.1:1", "connection")

    assert alone.ended(SOON_SECONDS) == 1
    assert "check that the broker at 127.0.0.1:1 is up and lets us in" in alone.log


def test_a_worker_whose_event_loop_is_blocked_ends_itself(tmp_path: Path) -> None:
    blocked = worker(tmp_path, "127.0.0.1:1", "event loop", STUCK_AFTER_SECONDS)

    assert blocked.ended(SOON_SECONDS) == 3
    assert "the event loop has been blocked for" in blocked.log


@pytest.mark.parametrize("waits", ["connection", "event loop", "thread"])
def test_whatever_waits_for_ever_sigterm_ends_the_worker(tmp_path: Path, silent_broker: str, waits: str) -> None:
    assert begun(worker(tmp_path, silent_broker, waits)).stop(SOON_SECONDS) == 0
