"""A simulated org for unit tests: known clients, a clock that the test moves, a client that does not wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.simulator import Simulator, demo_clients, running
from streams.governance import load
from streams.worker.wiring import polled

OBJECTS = polled(load(), "crm")
"""What is polled by the governance that ships."""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
SECRET = "not-a-secret"


@dataclass
class Clock:
    """Seconds since the epoch, moved by hand."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Org:
    simulator: Simulator
    clock: Clock
    client: SalesforceClient
    pauses: list[float] = field(default_factory=list)


@contextmanager
def simulated_org(as_client: str = "driftwise", timeout_seconds: float = 5, **options: Any) -> Iterator[Org]:
    clock, pauses = Clock(), []
    with (
        running(demo_clients(SECRET), clock=clock, **options) as simulator,
        SalesforceClient(
            simulator.base_url,
            as_client,
            SecretStr(SECRET),
            batch_size=200,
            timeout_seconds=timeout_seconds,
            sleep=pauses.append,
        ) as client,
    ):
        yield Org(simulator, clock, client, pauses)
