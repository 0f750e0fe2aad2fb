"""Billing, ERP and the other databases as their users write to them: one PostgreSQL transaction a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from schemas.instants import Instant, from_datetime
from streams.demo.journal import DRIFTWISE, Entry
from streams.demo.steps import Native, Ref, Step, Write, entity_of

PENDING: Instant = -1
"""Commit time not read yet: PostgreSQL knows it only after the transaction."""

_TRANSACTION = sql.SQL("pg_current_xact_id()::xid::text")
_CUSTOMER_OF_DEAL = sql.SQL("SELECT id FROM customer WHERE external_id = %s")


class DatabaseDesk:
    """Writes to one database over one connection; one thread at a time."""

    def __init__(self, system: str, conninfo: str) -> None:
        self.system = system
        self._connection = psycopg.connect(conninfo, autocommit=True)

    def close(self) -> None:
        self._connection.close()

    def carry_out(self, step: Step, names: MutableMapping[str, str]) -> list[Entry]:
        """Commits the step and returns its rows with their transaction id; `names` learns the ids of new records."""
        entries = []
        with self._connection.transaction():
            for write in step.writes:
                values = resolved(write, names) | {"last_modified_by": step.by}
                found = self._create(write, values, names) if write.creates else self._change(write, values, names)
                if found is not None:
                    entity = entity_of(self.system, write.table)
                    entries.append(
                        Entry(step.customer, self.system, entity, names[write.record], found, PENDING, values, step.by)
                    )
        return entries

    def _create(self, write: Write, values: Mapping[str, Native], names: MutableMapping[str, str]) -> str | None:
        """The transaction id, or None if somebody else (driftwise) has created the same ERP customer meanwhile."""
        try:
            row = self._connection.execute(_insert(write.table, tuple(values)), list(values.values())).fetchone()
        except psycopg.errors.UniqueViolation as problem:
            raise RuntimeError(
                f"{self.system}.{write.table} {values.get('id')} is there already: this seed has run in this database "
                "before; take another seed or a new database"
            ) from problem
        if row is None:
            names[write.record] = self._one(_CUSTOMER_OF_DEAL, [values["external_id"]])
            return None
        names[write.record] = str(row[0])
        return str(row[1])

    def _change(self, write: Write, values: Mapping[str, Native], names: Mapping[str, str]) -> str:
        return self._one(_update(write.table, tuple(values)), [*values.values(), names[write.record]])

    def _one(self, query: sql.Composed | sql.SQL, parameters: list[Native]) -> str:
        row = self._connection.execute(query, parameters).fetchone()
        if row is None:
            raise RuntimeError(f"{self.system}: no row for {parameters[-1]}; was it deleted while the demo ran?")
        return str(row[0])


@lru_cache
def _insert(table: str, columns: tuple[str, ...]) -> sql.Composed:
    one_per_deal = sql.SQL("ON CONFLICT (external_id) DO NOTHING" if "external_id" in columns else "")
    return sql.SQL("INSERT INTO {} ({}) VALUES ({}) {} RETURNING id, {}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        one_per_deal,
        _TRANSACTION,
    )


@lru_cache
def _update(table: str, columns: tuple[str, ...]) -> sql.Composed:
    assignments = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in columns)
    return sql.SQL("UPDATE {} SET {} WHERE id = %s RETURNING {}").format(
        sql.Identifier(table), assignments, _TRANSACTION
    )


def resolved(write: Write, names: Mapping[str, str]) -> dict[str, Native]:
    """The values with references replaced by the native ids of what they refer to."""
    return {column: names[v.record] if isinstance(v, Ref) else v for column, v in write.values.items()}


def check_commit_times(system: str, conninfo: str) -> None:
    """Raises RuntimeError unless the server remembers commit times; without them there is no truth to compare with."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SHOW track_commit_timestamp").fetchone()
    if row is None or row[0] != "on":
        raise RuntimeError(f"{system}: the demo needs track_commit_timestamp = on; set it and restart PostgreSQL")


def with_commit_times(entries: Iterable[Entry], system: str, conninfo: str) -> list[Entry]:
    """The entries of one database with the times that its server has for their transactions."""
    mine = [entry for entry in entries if entry.system == system]
    query = "SELECT x, pg_xact_commit_timestamp(x::xid) FROM unnest(%s::text[]) AS x"
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(query, [list({entry.native_version for entry in mine})]).fetchall()
    times = {transaction: from_datetime(at) for transaction, at in rows}
    return [entry._replace(committed_at=times[entry.native_version]) for entry in mine]


def customers_of_driftwise(conninfo: str) -> list[dict[str, Any]]:
    """ERP customers last written by driftwise: their columns, `transaction` and `committed_at`."""
    query = """SELECT *, xmin::text AS transaction, pg_xact_commit_timestamp(xmin) AS committed_at
               FROM customer WHERE last_modified_by = %s"""
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        rows = connection.execute(query, [DRIFTWISE]).fetchall()
    return [row | {"committed_at": from_datetime(row["committed_at"])} for row in rows]
