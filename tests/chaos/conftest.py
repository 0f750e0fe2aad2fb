"""Fixtures of the crash tests: a broker of their own, because it is killed; a deployment for each test."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.broker import Broker, running_broker
from tests.chaos.scene import Scene, staged

SEED = int(os.environ.get("DRIFTWISE_CHAOS_SEED") or random.randrange(1_000_000))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"crash tests: DRIFTWISE_CHAOS_SEED={SEED}")


@pytest.fixture(scope="session")
def seed() -> int:
    return SEED


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("broker")) as it:
        yield it


@pytest.fixture
def scene(broker: Broker, tmp_path: Path) -> Iterator[Scene]:
    if not broker.is_running():  # the test before broke off
        broker.start()
    with staged(broker, tmp_path) as it:
        yield it
