"""Marker rows: a table with one row for each partition. Updating all of them sends a message to every partition, in
commit order.

They carry the heartbeat, and with it the watermark (contracts 3). They also carry TRUNCATE: Debezium's own record of
that has no key and reaches one partition only, so a trigger updates the markers."""

from __future__ import annotations

from itertools import count
from typing import LiteralString

import psycopg
from psycopg import sql

from connectors.debezium.capture import EPOCH, MARKER_TABLE, Capture
from schemas.topics import partition_for

Connection = psycopg.Connection[tuple[object, ...]]

_CREATE: LiteralString = (
    "CREATE TABLE IF NOT EXISTS {marker} (partition integer PRIMARY KEY, key text NOT NULL,"
    " beat timestamptz NOT NULL DEFAULT now(), truncated text)"
)
_HAS_EPOCH: LiteralString = "SELECT 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"
# A column of its own statement: earlier releases made the table without it. ALTER TABLE locks, so we ask first.
_ADD_EPOCH: LiteralString = "ALTER TABLE {marker} ADD COLUMN {epoch} bigint NOT NULL DEFAULT 0"
_EPOCH: LiteralString = "SELECT max({epoch}) FROM {marker}"
_BEGIN_EPOCH: LiteralString = "UPDATE {marker} SET {epoch} = %s"
_REMOVE: LiteralString = "DELETE FROM {marker} WHERE partition >= %s"
# Rows that are right already are not touched, so they cause no traffic.
_PLACE: LiteralString = (
    "INSERT INTO {marker} AS marker (partition, key) VALUES (%s, %s)"
    " ON CONFLICT (partition) DO UPDATE SET key = excluded.key WHERE marker.key <> excluded.key"
)
# SECURITY DEFINER: a user who may truncate a table need not be allowed to write the markers.
_FUNCTION: LiteralString = (
    "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
    " SET search_path = pg_catalog, pg_temp AS"
    " $$ BEGIN UPDATE {marker} SET beat = now(), truncated = TG_TABLE_NAME; RETURN NULL; END $$"
)
_TRIGGER: LiteralString = (
    "CREATE TRIGGER driftwise_truncated AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
)
_HAS_TRIGGER: LiteralString = "SELECT 1 FROM pg_trigger WHERE tgname = 'driftwise_truncated' AND tgrelid = %s::regclass"


def marker_keys(partitions: int) -> tuple[str, ...]:
    """A key for each partition, which Kafka's Java producer hashes to it. They depend on the number alone."""
    return tuple(_key_for(partition, partitions) for partition in range(partitions))


def _key_for(partition: int, partitions: int) -> str:
    candidates = (f"marker-{partition}-{n}" for n in count())
    return next(key for key in candidates if partition_for(key, partitions) == partition)


def create_markers(connection: Connection, capture: Capture, partitions: int) -> None:
    """Create the marker table with one row a partition, and let TRUNCATE of a captured table write to it."""
    marker = sql.Identifier(capture.schema, MARKER_TABLE)
    connection.execute(sql.SQL(_CREATE).format(marker=marker))
    if connection.execute(_HAS_EPOCH, (capture.qualified(MARKER_TABLE), EPOCH)).fetchone() is None:
        connection.execute(sql.SQL(_ADD_EPOCH).format(**_names(capture)))
    connection.execute(sql.SQL(_REMOVE).format(marker=marker), (partitions,))
    connection.cursor().executemany(sql.SQL(_PLACE).format(marker=marker), list(enumerate(marker_keys(partitions))))
    function = sql.Identifier(capture.schema, "driftwise_truncated")
    connection.execute(sql.SQL(_FUNCTION).format(function=function, marker=marker))
    for name in capture.tables:
        if connection.execute(_HAS_TRIGGER, (capture.qualified(name),)).fetchone() is None:
            table = sql.Identifier(capture.schema, name)
            connection.execute(sql.SQL(_TRIGGER).format(table=table, function=function))


def epoch(connection: Connection, capture: Capture) -> int:
    """The number of the snapshot with which the present capture began; 0: the first."""
    found = connection.execute(sql.SQL(_EPOCH).format(**_names(capture))).fetchone()
    return int(str(found[0])) if found is not None and found[0] is not None else 0


def begin_epoch(connection: Connection, capture: Capture, at_least: int) -> int:
    """Begin a new epoch, and keep it in the database that it is about."""
    begun = max(epoch(connection, capture) + 1, at_least)
    connection.execute(sql.SQL(_BEGIN_EPOCH).format(**_names(capture)), (begun,))
    return begun


def _names(capture: Capture) -> dict[str, sql.Identifier]:
    return {"marker": sql.Identifier(capture.schema, MARKER_TABLE), "epoch": sql.Identifier(EPOCH)}
