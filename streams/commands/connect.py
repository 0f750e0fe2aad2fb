"""`driftwise connect`: databases and their Debezium connectors."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import psycopg
from psycopg.conninfo import conninfo_to_dict
from rich.console import RenderableType

from connectors.debezium import condition
from connectors.debezium.apply import Connect
from connectors.debezium.capture import Capture, Columns
from connectors.debezium.connector import Database, connector_config
from connectors.debezium.database import prepare
from connectors.debezium.recapture import recapture, refuse_older_copy
from connectors.errors import Refused, Retry, Stop
from connectors.variables import variable
from schemas.patience import said_if_slow
from streams.commands.context import governance, json_option, running_stack, settings
from streams.commands.told import told_in_one_line
from streams.governance.model import Governance
from streams.groups import Group
from streams.look.shown import console, print_json, table
from streams.worker import wiring


@click.group(cls=Group)
def connect() -> None:
    """Debezium connectors."""


HEARTBEAT = click.option(
    "--heartbeat-ms",
    default=100,
    type=click.IntRange(1),
    show_default=True,
    help="Interval of the marker rows: part of every verdict.",
)


@connect.command()
@HEARTBEAT
@told_in_one_line
def apply(heartbeat_ms: int) -> None:
    """Prepare every captured database and bring its connector to the wanted configuration."""
    found = settings()
    governed = governance(found)
    for system in _captured(governed):
        with said_if_slow(f"the connector of {system}"):
            apply_connector(governed, system, heartbeat_ms, client=found.connect_client)
        click.echo(f"{system}: connector runs")


def _captured(governed: Governance) -> list[str]:
    return [system for system, rules in governed.systems.items() if rules.vendor == "postgresql"]


@connect.command()
@json_option
@told_in_one_line
def status(as_json: bool) -> None:
    """How the capture of each database stands; exit 0: all go on, 2: something is to be done."""
    found = settings()
    governed = governance(found)
    captures = [_standing(governed, system, found.connect_client) for system in _captured(governed)]
    if as_json:
        print_json([each._asdict() for each in captures])
    else:
        console().print(_standings(captures) if captures else "no database is captured")
    sys.exit(2 if any(each.remedy for each in captures) else 0)


class Standing(NamedTuple):
    """The condition of one database's capture. What cannot be asked is empty, and the remedy says why."""

    system: str
    connector: str
    slot: str
    kept_bytes: int | None
    """How much log the server keeps for the slot."""
    safe_bytes: int | None
    """That may still be written before the slot is in danger; None: no limit is set."""
    remedy: str


def _standing(governed: Governance, system: str, client: Mapping[str, str] | None) -> Standing:
    try:
        dsn, _, connect_url, _ = _database(system)
        with Connect(connect_url, client) as asked, said_if_slow(f"Kafka Connect at {connect_url}"):
            connector = asked.status(connector_name(system))
        with psycopg.connect(dsn) as connection:
            slot = condition.slot_of(connection, _capture(governed, system))
    except (Stop, Refused, Retry, psycopg.Error, click.ClickException) as problem:
        return Standing(system, "", "", None, None, _in_words(system, problem))
    remedy = condition.remedy(system, connector, slot)
    if slot is None:
        return Standing(system, str(connector or "none"), "none", None, None, remedy)
    return Standing(system, str(connector or "none"), slot.wal_status, slot.kept_bytes, slot.safe_bytes, remedy)


def _standings(captures: list[Standing]) -> RenderableType:
    columns = ("system", "connector", "slot", "log kept", "room left", "to be done")
    rows = [(c.system, c.connector, c.slot, _mib(c.kept_bytes), _mib(c.safe_bytes), c.remedy) for c in captures]
    return table(columns, rows)


def _mib(size_bytes: int | None) -> str:
    return "" if size_bytes is None else f"{size_bytes / 2**20:,.0f} MiB"


@connect.command()
@click.argument("system")
@HEARTBEAT
@told_in_one_line
def snapshot(system: str, heartbeat_ms: int) -> None:
    """Capture a database anew, from a snapshot: its replication slot was lost, or it was restored from a copy.

    What the snapshot does not show is presumed deleted. Until it has been read, verdicts that need the system wait."""
    found = settings()
    governed = governance(found)
    if system not in (captured := _captured(governed)):
        known = ", ".join(captured) or "none"
        raise click.ClickException(f"{system!r} is no captured database of this governance: {known}")
    with said_if_slow(f"the connector of {system}"):
        apply_connector(governed, system, heartbeat_ms, client=found.connect_client, anew=True)
    click.echo(f"{system}: is captured anew; `driftwise sources` shows when it has been read")


def apply_connector(
    governed: Governance,
    system: str,
    heartbeat_ms: int,
    sql_file: Path | None = None,
    *,
    client: Mapping[str, str] | None = None,
    anew: bool = False,
) -> None:
    """`client`: how Kafka Connect lets us in. `anew`: from a snapshot, whatever was captured before."""
    capture = _capture(governed, system)
    try:
        dsn, database, connect_url, registry = _database(system)
        epoch = prepare(dsn, capture, governed.partitions, sql_file=sql_file)

        def config(epoch: int) -> dict[str, str]:
            return connector_config(
                capture, database, registry_url=registry, heartbeat_interval_ms=heartbeat_ms, epoch=epoch
            )

        with Connect(connect_url, client) as asked:
            if anew:
                recapture(asked, connector_name(system), dsn, capture, config, at_least=int(time.time()))
            else:
                refuse_older_copy(asked, connector_name(system), system, epoch)
                asked.apply(connector_name(system), config(epoch))
    except (Stop, Refused, Retry, psycopg.Error) as problem:
        raise click.ClickException(f"{system}: {_in_words(system, problem)}") from None


def _in_words(system: str, problem: Exception) -> str:
    if not isinstance(problem, psycopg.Error):
        return str(problem)
    said = " ".join(str(problem).split())
    remedy = f"check that {variable(system, 'DSN')} leads to its database, by a user who owns the tables"
    return f"PostgreSQL says: {said}: {remedy}"


def _capture(governed: Governance, system: str) -> Capture:
    tables = {table: Columns(*columns) for table, columns in wiring.columns(governed, system).items()}
    return Capture(system, tables, governed.systems[system].database_schema)


def connector_name(system: str) -> str:
    return f"driftwise-{system}"


def _database(system: str) -> tuple[str, Database, str, str | None]:
    """(connection string for us, database as Connect sees it, Connect's address, registry as Connect sees it)."""
    own = partial(variable, system)
    dsn, url = os.environ.get(own("DSN")), os.environ.get("DRIFTWISE_CONNECT_URL")
    if dsn is None and (stack := running_stack()) is not None:
        server = stack.postgres_for_connect
        database = Database(server.host, server.port, system, server.user)
        return stack.postgres.dsn(system), database, stack.connect_url, stack.registry_for_connect
    if url is not None and not url.startswith(("http://", "https://")):
        raise click.ClickException(f"{url!r} is no address of Kafka Connect: set DRIFTWISE_CONNECT_URL")
    missing = [name for name, value in ((own("DSN"), dsn), ("DRIFTWISE_CONNECT_URL", url)) if value is None]
    if dsn is None or url is None:
        raise click.ClickException(f"set {' and '.join(missing)}, or start a stack with `driftwise stack up`")
    seen = {name: os.environ.get(own(name.upper()), default) for name, default in _seen_by_connect(dsn).items()}
    password = os.environ.get(own("PASSWORD_REFERENCE"))
    if not seen["port"].isdecimal():
        raise click.ClickException(f"{seen['port']!r} is no port: correct {own('DSN')} or {own('PORT')}")
    database = Database(seen["host"], int(seen["port"]), seen["dbname"], seen["user"], password)
    return dsn, database, url, os.environ.get("DRIFTWISE_CONNECT_REGISTRY_URL")


def _seen_by_connect(dsn: str) -> dict[str, str]:
    parts: dict[str, Any] = {"host": "127.0.0.1", "port": 5432, "dbname": "postgres", "user": "postgres"}
    return {name: str(conninfo_to_dict(dsn).get(name, default)) for name, default in parts.items()}
