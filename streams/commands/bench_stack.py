"""What `bench latency` needs of the stack: all of it, and a database captured by Debezium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from connectors.debezium.apply import Connect
from connectors.debezium.capture import Capture, Columns
from connectors.debezium.connector import Database, connector_config
from connectors.debezium.database import prepare
from connectors.stack import Endpoints, down, up
from schemas.topics import source_topic
from streams.governance import Governance
from streams.worker import wiring


@contextmanager
def stack(folder: Path, progress: Callable[[str], None]) -> Iterator[Endpoints]:
    """The embedded stack, attached to this process; its data is deleted afterwards."""
    try:
        yield up(folder, progress=progress, attached=True, for_long=True)
    finally:
        down(folder, delete_data=True)


def capture(endpoints: Endpoints, governance: Governance, system: str, database: str, heartbeat_ms: int) -> None:
    """Capture a system from a database that has its tables. `heartbeat_ms` 0: the connector of another system of the
    same database beats for both."""
    tables = {table: Columns(*columns) for table, columns in wiring.columns(governance, system).items()}
    _apply(endpoints, governance, Capture(system, tables), database, heartbeat_ms, {})


def read_again(
    endpoints: Endpoints,
    governance: Governance,
    system: str,
    table: str,
    database: str,
    *,
    name: str,
    pause_seconds: float,
) -> None:
    """Read a table once more into the topic of its system, by a connector of its own called `name`, so that the live
    one goes on.

    The query waits `pause_seconds` a row: a snapshot at full speed would stand before the live changes in their
    partitions. An incremental snapshot would do so by itself, but keeps one row of each *record key* in a chunk, and
    our key is the customer. https://debezium.io/documentation/reference/3.4/connectors/postgresql.html"""
    columns = Columns(*wiring.columns(governance, system)[table])
    captured = Capture(name, {table: columns})
    place = captured.qualified(table)
    paced = f"SELECT * FROM {place} WHERE (SELECT true FROM pg_sleep({pause_seconds} + 0 * length({columns.id})))"  # noqa: S608
    only = {
        "snapshot.mode": "initial_only",
        "snapshot.include.collection.list": place.replace(".", r"\."),
        "snapshot.select.statement.overrides": place,
        f"snapshot.select.statement.overrides.{place}": paced,
        "snapshot.fetch.size": "16",
        "transforms.route.replacement": source_topic(system),
    }
    _apply(endpoints, governance, captured, database, 0, only)


def _apply(
    endpoints: Endpoints,
    governance: Governance,
    captured: Capture,
    database: str,
    heartbeat_ms: int,
    options: Mapping[str, str],
) -> None:
    prepare(endpoints.postgres.dsn(database), captured, governance.partitions)
    server = endpoints.postgres_for_connect
    config = connector_config(
        captured,
        Database(server.host, server.port, database, server.user),
        registry_url=endpoints.registry_for_connect,
        heartbeat_interval_ms=heartbeat_ms,
    )
    with Connect(endpoints.connect_url) as connect:
        connect.apply(f"bench-{captured.system}", config | dict(options))


__all__ = ["Endpoints", "capture", "read_again", "stack"]
