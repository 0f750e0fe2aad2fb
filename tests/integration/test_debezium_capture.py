"""The order of what arrives: snapshot, log, watermarks, partitions, versions."""

from __future__ import annotations

import threading

import psycopg

from schemas.instants import from_datetime
from schemas.source import Heard, SourceRow
from schemas.topics import partition_for
from tests.integration.captured import PARTITIONS, Captured, account, payments


def test_the_snapshot_comes_first_and_then_the_log(db: Captured) -> None:
    db.writer.execute("UPDATE account SET name = 'Renamed' WHERE id = 'S-1'")
    db.settle()

    first, second = db.rows("S-1")
    assert (first.snapshot, second.snapshot) == (True, False)
    assert (first.fields["name"], second.fields["name"]) == ("Customer S-1", "Renamed")
    assert first.version < second.version


def test_every_partition_hears_of_the_snapshot_before_it_has_a_watermark(db: Captured) -> None:
    db.settle()

    for partition in range(PARTITIONS):
        heard = [s.event for s in db.seen if s.partition == partition and isinstance(s.event, Heard)]
        assert (heard[0].phase, heard[0].watermark) == ("snapshot", None)
        assert {event.phase for event in heard[1:]} == {"streaming"}


def test_markers_reach_every_partition_in_commit_order(db: Captured) -> None:
    """After a watermark its partition shows nothing committed at or before it, however many write at a time."""
    customers = [f"M-{n}" for n in range(24)]
    account(db.writer, *customers)

    def write(mine: list[str]) -> None:
        with psycopg.connect(db.dsn, autocommit=True) as sql:
            for n in range(40):
                for customer in mine:
                    payments(sql, customer, [f"P-{customer}-{n}"])

    writers = [threading.Thread(target=write, args=(customers[n::4],)) for n in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        db.poll()
    db.settle()

    assert len({row.native_id for row in _rows(db) if row.native_id.startswith("P-M-")}) == 24 * 40
    for partition in range(PARTITIONS):
        watermark = -1
        for _, _, event in (seen for seen in db.seen if seen.partition == partition):
            if isinstance(event, Heard) and event.watermark is not None:
                watermark = max(watermark, event.watermark)
            if isinstance(event, SourceRow) and not event.snapshot:
                assert event.committed_at > watermark


def test_rows_are_in_the_partition_of_their_native_customer(db: Captured) -> None:
    account(db.writer, *(f"K-{n}" for n in range(12)))
    payments(db.writer, "K-7", ["P-K-7"])
    db.settle()

    rows = [(partition, key, event) for partition, key, event in db.seen if isinstance(event, SourceRow)]
    assert {event.native_id for _, _, event in rows} >= {"K-0", "K-11", "P-K-7"}
    for partition, key, event in rows:
        assert key == event.native_customer
        assert partition == partition_for(event.native_customer, PARTITIONS)


def test_a_version_names_its_transaction_and_its_commit_time(db: Captured) -> None:
    with db.writer.transaction():
        (xid,) = db.writer.execute("SELECT pg_current_xact_id()::text").fetchone() or ()
        account(db.writer, "X-1")
    before = db.writer.execute("SELECT now()").fetchone()
    db.settle()

    (row,) = db.rows("X-1")
    assert row.native_version == xid
    assert before is not None
    assert 0 <= from_datetime(before[0]) - row.committed_at < 1_000_000  # type: ignore[arg-type]


def _rows(db: Captured) -> list[SourceRow]:
    return [seen.event for seen in db.seen if isinstance(seen.event, SourceRow)]
