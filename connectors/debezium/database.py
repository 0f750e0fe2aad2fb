"""Makes a PostgreSQL database ready for capture: schema, replica identity, markers, publication, grants.

Run by an operator who owns the tables; the connector itself needs only what `role` is granted here."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from connectors.debezium.capture import MARKER_TABLE, Capture
from connectors.debezium.markers import Connection, create_markers, epoch
from connectors.errors import Stop


def prepare(
    conninfo: str, capture: Capture, partitions: int, *, sql_file: Path | None = None, role: str | None = None
) -> int:
    """Prepare the database for capture into a topic with this many partitions, and return its epoch. Repeating it
    changes nothing.

    `sql_file` creates the tables if none of them exists yet. `role`: the user whom the connector logs in as; it is
    created if missing, without a password. Raises Stop if the database cannot be captured."""
    with psycopg.connect(conninfo) as connection, connection.transaction():
        _require_logical_log(connection)
        _create_tables(connection, capture, sql_file)
        create_markers(connection, capture, partitions)
        _identify_rows_in_full(connection, capture)
        _publish(connection, capture)
        if role is not None:
            _grant(connection, capture, role)
        return epoch(connection, capture)


def _require_logical_log(connection: Connection) -> None:
    row = connection.execute("SHOW wal_level").fetchone()
    if row != ("logical",):
        raise Stop(f"PostgreSQL runs with wal_level={row and row[0]}: set wal_level=logical and restart the server.")


def _create_tables(connection: Connection, capture: Capture, sql_file: Path | None) -> None:
    missing = _missing_tables(connection, capture)
    if sql_file is not None and len(missing) == len(capture.tables):
        connection.execute(sql_file.read_bytes())
        missing = _missing_tables(connection, capture)
    if missing:
        raise Stop(f"Database of {capture.system} lacks {', '.join(missing)}: create them or correct the mapping.")


def _missing_tables(connection: Connection, capture: Capture) -> list[str]:
    rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (capture.schema,)).fetchall()
    present = {name for (name,) in rows}
    return [table for table in capture.tables if table not in present]


def _identify_rows_in_full(connection: Connection, capture: Capture) -> None:
    for table in capture.key_columns:
        if not _has_full_identity(connection, capture, table):
            connection.execute(sql.SQL("ALTER TABLE {} REPLICA IDENTITY FULL").format(_table(capture, table)))


def _has_full_identity(connection: Connection, capture: Capture, table: str) -> bool:
    """Whether nothing has to be altered. ALTER TABLE takes an exclusive lock, so it is asked first."""
    row = connection.execute(
        "SELECT relreplident FROM pg_class WHERE oid = %s::regclass", (capture.qualified(table),)
    ).fetchone()
    return row is not None and row[0] in ("f", b"f")


def _publish(connection: Connection, capture: Capture) -> None:
    name = sql.Identifier(capture.publication)
    tables = sql.SQL(", ").join(_table(capture, table) for table in capture.key_columns)
    published = connection.execute(
        "SELECT tablename FROM pg_publication_tables WHERE pubname = %s AND schemaname = %s",
        (capture.publication, capture.schema),
    ).fetchall()
    known = connection.execute("SELECT 1 FROM pg_publication WHERE pubname = %s", (capture.publication,)).fetchone()
    if known is None:
        connection.execute(sql.SQL("CREATE PUBLICATION {} FOR TABLE {}").format(name, tables))
    elif {table for (table,) in published} != capture.key_columns.keys():
        connection.execute(sql.SQL("ALTER PUBLICATION {} SET TABLE {}").format(name, tables))


def _grant(connection: Connection, capture: Capture, role: str) -> None:
    """Grant what the connector needs and no more: read the captured tables, update the markers, follow the log."""
    name, schema = sql.Identifier(role), sql.Identifier(capture.schema)
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('driftwise roles'))")  # roles belong to the whole server
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN REPLICATION").format(name))
    tables = sql.SQL(", ").join(_table(capture, table) for table in capture.key_columns)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, name))
    connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(tables, name))
    connection.execute(sql.SQL("GRANT UPDATE ON {} TO {}").format(_table(capture, MARKER_TABLE), name))


def _table(capture: Capture, table: str) -> sql.Identifier:
    return sql.Identifier(capture.schema, table)
