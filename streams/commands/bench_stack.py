"""What `bench latency` needs of the stack: all of it, and a database captured by Debezium."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from connectors.debezium.apply import Connect
from connectors.debezium.capture import Capture, Columns
from connectors.debezium.connector import Database, connector_config
from connectors.debezium.database import prepare
from connectors.stack import Endpoints, down, up
from streams.governance import Governance
from streams.worker import wiring

SIGNALS = "debezium_signal"
"""The table by which a connector is asked for another snapshot.
https://debezium.io/documentation/reference/3.4/configuration/signalling.html"""
_AGAIN = "INSERT INTO debezium_signal VALUES (gen_random_uuid(), 'execute-snapshot', %s)"


@contextmanager
def stack(folder: Path, progress: Callable[[str], None]) -> Iterator[Endpoints]:
    """The embedded stack, attached to this process; its data is deleted afterwards."""
    try:
        yield up(folder, progress=progress, attached=True)
    finally:
        down(folder, delete_data=True)


def capture(
    endpoints: Endpoints,
    governance: Governance,
    system: str,
    database: str,
    heartbeat_ms: int,
    options: Mapping[str, str] | None = None,
) -> None:
    """Capture a system from a database that has its tables and that of the signals. `heartbeat_ms` 0: the connector of
    another system beats for both."""
    captured = Capture(system, {table: Columns(*c) for table, c in wiring.columns(governance, system).items()})
    conninfo, server = endpoints.postgres.dsn(database), endpoints.postgres_for_connect
    prepare(conninfo, captured, governance.partitions)
    with psycopg.connect(conninfo) as connection:
        add = sql.SQL("ALTER PUBLICATION {} ADD TABLE {}")
        connection.execute(add.format(sql.Identifier(captured.publication), sql.Identifier(SIGNALS)))
    config = connector_config(
        captured,
        Database(server.host, server.port, database, server.user),
        registry_url=endpoints.registry_for_connect,
        heartbeat_interval_ms=heartbeat_ms,
    )
    config |= {"signal.data.collection": captured.qualified(SIGNALS), **(options or {})}
    with Connect(endpoints.connect_url) as connect:
        connect.apply(f"bench-{system}", config)


def read_again(conninfo: str, table: str) -> None:
    """Ask Debezium to read a table again while it streams; every connector of the database that has the table does."""
    data = f'{{"data-collections": ["public.{table}"], "type": "INCREMENTAL"}}'
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(_AGAIN, (data,))


__all__ = ["SIGNALS", "Endpoints", "capture", "read_again", "stack"]
