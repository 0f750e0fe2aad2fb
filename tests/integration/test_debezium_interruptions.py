"""A connector that is interrupted: nothing is missing afterwards, or it stands still and says why."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest

from connectors.debezium.capture import Capture, Columns
from connectors.debezium.condition import remedy, slot_of
from connectors.debezium.recapture import recapture
from connectors.stack.endpoints import Endpoints
from schemas.source import Heard
from tests.integration.captured import SQL_FOLDER, Captured, account, captured, database, payments

SYSTEM = "interrupted"
CAPTURE = Capture(SYSTEM, {"account": Columns("id", "id"), "payment": Columns("id", "account_id")})
ROWS = 600


@pytest.fixture
def db(stack: Endpoints) -> Iterator[Captured]:
    """Impatient: the product tries for a minute to get a slot that is still held; here that is a minute of waiting."""
    with (
        database(stack, SYSTEM) as dsn,
        captured(stack, CAPTURE, dsn, SQL_FOLDER / "billing.sql", slot_max_retries="2") as it,
    ):
        yield it


def restart_connector(db: Captured) -> None:
    db.connect.restart(SYSTEM)
    db.connect.wait_running(SYSTEM)


def cut_replication(db: Captured) -> None:
    """As when the server fails over or the network breaks: the connector itself has to come back."""
    db.writer.execute(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = %s AND active",
        (CAPTURE.slot,),
    )


@pytest.mark.parametrize("interrupt", [restart_connector, cut_replication])
def test_an_interruption_leaves_no_gap(db: Captured, interrupt: Callable[[Captured], None]) -> None:
    """Rows may come twice, then with the version they had; none is missing and none goes back."""
    account(db.writer, "G-1")
    writer = threading.Thread(target=_write_each_row_twice, args=(db.dsn,))
    writer.start()
    for _ in range(3):
        _read_some_more(db)
        interrupt(db)
    writer.join()
    db.settle()

    for n in range(ROWS):
        versions = {row.version: row.fields["amount"] for row in db.rows(f"GP-{n}")}
        assert [versions[version] for version in sorted(versions)] == ["1.00", "2.00"]


def make_a_new_slot(db: Captured) -> None:
    db.writer.execute("SELECT pg_drop_replication_slot(%s)", (CAPTURE.slot,))
    account(db.writer, "L-lost")
    db.writer.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (CAPTURE.slot,))


def move_the_slot_on(db: Captured) -> None:
    account(db.writer, "L-lost")
    db.writer.execute("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", (CAPTURE.slot,))


@pytest.mark.parametrize("lose", [make_a_new_slot, move_the_slot_on])
def test_a_slot_that_lost_its_place_stops_the_connector(db: Captured, lose: Callable[[Captured], None]) -> None:
    """Changes between the connector's offset and the slot are gone, which must not go unnoticed."""
    account(db.writer, "L-1")
    db.settle()
    db.connect.stop(SYSTEM)
    db.until(lambda: not _slot_is_active(db))
    lose(db)
    db.connect.resume(SYSTEM)

    db.until(lambda: (status := db.connect.status(SYSTEM)) is not None and status.failed)
    assert db.rows("L-lost") == []
    assert "driftwise connect snapshot interrupted" in _remedy(db)


@pytest.mark.parametrize("lose", [make_a_new_slot, move_the_slot_on])
def test_capture_begins_anew_where_a_slot_was_lost(db: Captured, lose: Callable[[Captured], None]) -> None:
    """What is there is newer than all that was seen before, and rows and markers say of which snapshot they are."""
    account(db.writer, "N-gone", "N-stays")
    db.settle()
    db.connect.stop(SYSTEM)
    db.until(lambda: not _slot_is_active(db))
    db.writer.execute("DELETE FROM account WHERE id = 'N-gone'")
    lose(db)
    before = len(db.seen)
    epochs = [recapture(db.connect, SYSTEM, db.dsn, CAPTURE, db.config, at_least=7) for _ in range(2)]
    db.until(lambda: db.epochs() == {8} and min(db.watermarks()) > 0)
    db.settle()

    marks = [s.event for s in db.seen[before:] if isinstance(s.event, Heard) and s.event.epoch == 8]
    (snapshot,) = {mark.snapshot_of for mark in marks if mark.phase == "snapshot"}
    stays, gone, lost = (db.rows(name)[-1] for name in ("N-stays", "N-gone", "L-lost"))
    assert epochs == [7, 8]
    assert gone.version < snapshot < min(stays.version, lost.version)
    assert (stays.snapshot_of, lost.snapshot_of) == (snapshot, snapshot)
    assert (stays.snapshot, lost.snapshot) == (True, True)
    assert _remedy(db) == ""


def _remedy(db: Captured) -> str:
    return remedy(SYSTEM, db.connect.status(SYSTEM), slot_of(db.writer, CAPTURE))


def _write_each_row_twice(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for n in range(ROWS):
            payments(connection, "G-1", [f"GP-{n}"])
            connection.execute("UPDATE payment SET amount = 2 WHERE id = %s", (f"GP-{n}",))


def _read_some_more(db: Captured) -> None:
    enough = len(db.seen) + 50
    db.until(lambda: len(db.seen) > enough)


def _slot_is_active(db: Captured) -> bool:
    active = "SELECT 1 FROM pg_replication_slots WHERE slot_name = %s AND active"
    return db.writer.execute(active, (CAPTURE.slot,)).fetchone() is not None
