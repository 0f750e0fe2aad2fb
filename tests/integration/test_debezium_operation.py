"""Operating capture: prepare again, grants, pause, what is refused."""

from __future__ import annotations

import psycopg
import pytest

from connectors.debezium.capture import Capture, Columns
from connectors.debezium.database import prepare
from connectors.errors import Refused, Stop
from connectors.stack.endpoints import Endpoints
from schemas.topics import partition_for
from tests.integration.captured import PARTITIONS, SQL_FOLDER, Captured, account, captured, database


def test_a_paused_connector_is_not_heard_and_catches_up(db: Captured) -> None:
    db.settle()
    db.connect.pause(db.capture.system)
    db.until(lambda: (status := db.connect.status(db.capture.system)) is not None and set(status.parts) == {"PAUSED"})
    account(db.writer, "PA-1")
    with pytest.raises(AssertionError, match="not so after"):
        db.settle(timeout_seconds=2)
    with pytest.raises(Stop, match=r"does not run \(PAUSED, PAUSED\)"):
        db.connect.wait_running(db.capture.system, timeout_seconds=0.5)
    db.connect.resume(db.capture.system)
    db.settle()

    assert len(db.rows("PA-1")) == 1


def test_preparing_again_changes_nothing(db: Captured) -> None:
    db.settle()
    markers = db.writer.execute("SELECT partition, key FROM driftwise_marker ORDER BY 1").fetchall()
    prepare(db.dsn, db.capture, PARTITIONS, sql_file=SQL_FOLDER / "billing.sql", role=f"capture_{db.capture.system}")
    db.settle()

    assert db.writer.execute("SELECT partition, key FROM driftwise_marker ORDER BY 1").fetchall() == markers
    assert [partition_for(str(key), PARTITIONS) for _, key in markers] == list(range(PARTITIONS))


def test_the_connectors_role_may_read_and_beat_but_not_write(db: Captured) -> None:
    with psycopg.connect(db.dsn, user=f"capture_{db.capture.system}", autocommit=True) as sql:
        assert sql.execute("SELECT count(*) FROM account WHERE id = 'S-2'").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            account(sql, "forbidden")


def test_a_database_without_the_tables_is_named_with_what_it_lacks(stack: Endpoints) -> None:
    with database(stack, "capture_empty") as dsn, pytest.raises(Stop, match="lacks invoice"):
        prepare(dsn, Capture("capture_empty", {"invoice": Columns("id", "account_id")}), PARTITIONS)


def test_of_tables_with_one_name_those_of_the_governed_schema_are_captured(stack: Endpoints) -> None:
    capture = Capture("in_schema", {"account": Columns("id", "id")}, "sales")
    with database(stack, capture.system) as dsn:
        with psycopg.connect(dsn) as sql:
            sql.execute("CREATE SCHEMA sales")
            for table in ("account", "sales.account"):
                sql.execute(f"CREATE TABLE {table} (id text PRIMARY KEY, name text)".encode())
            sql.execute("INSERT INTO sales.account VALUES ('S-1', 'before')")
        with captured(stack, capture, dsn) as it:
            it.writer.execute("INSERT INTO public.account VALUES ('S-1', 'elsewhere'), ('S-2', 'elsewhere')")
            it.writer.execute("INSERT INTO sales.account VALUES ('S-2', 'since')")
            it.settle()

            assert [row.fields["name"] for row in it.rows("S-1", "S-2")] == ["before", "since"]


def test_connect_refuses_a_configuration_that_cannot_work(db: Captured) -> None:
    config = db.connect.config(db.capture.system)
    assert config is not None
    with pytest.raises(Refused, match=r"snapshot\.mode"):
        db.connect.apply("capture_refused", config | {"name": "capture_refused", "snapshot.mode": "sometimes"})
