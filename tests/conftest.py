"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.stack import Endpoints
from tests.stack import running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """Kafka, Connect with Debezium, a schema registry and PostgreSQL: started once for all tests that ask."""
    with running_stack(tmp_path_factory.mktemp("stack")) as endpoints:
        yield endpoints
