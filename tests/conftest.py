"""Fixtures for all tests, which of them are about laws, and how far those search: more where CI is set, and most with
`--thorough`."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from connectors.stack import Endpoints
from tests.depth import QUICK, THOROUGH
from tests.stack import running_stack

# No deadlines: a machine that is busy is no failure.
settings.register_profile("quick", max_examples=QUICK, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same cases each time: whether a change passes hangs on the change. New ones are tried on desks, and by --thorough.
settings.register_profile("ci", settings.get_profile("quick"), max_examples=60, derandomize=True)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=THOROUGH)
settings.load_profile("ci" if "CI" in os.environ else "quick")
# As in a worker: state has no cycles, and looking for some took a fifth of the time of the unit tests.
gc.set_threshold(500_000, 20, 20)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Who starts the tests in the background of a shell has them ignore it, and with them whatever they start and ask.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="try ten times as many cases of every law, and more")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("thorough"):
        settings.load_profile("thorough")  # before tests are collected: some say how many cases they are


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What hypothesis tries on many cases is about a law; other tests that are long say so themselves."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("law")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Kafka, Connect with Debezium, a schema registry and PostgreSQL: started once for all tests that ask."""
    with running_stack(tmp_path_factory.mktemp("stack")) as endpoints:
        yield endpoints
