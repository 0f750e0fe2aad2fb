"""What change capture can do to you, each hazard against a real PostgreSQL, Debezium and Kafka."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import psycopg
import pytest

from connectors.debezium.capture import Capture, Columns
from connectors.debezium.database import prepare
from connectors.errors import Refused, Stop
from connectors.stack.endpoints import Endpoints
from schemas.instants import from_datetime
from schemas.source import UNCHANGED, Gap, Heard, SourceRow
from schemas.topics import partition_for
from tests.integration.captured import (
    PARTITIONS,
    SQL_FOLDER,
    Captured,
    account,
    captured,
    database,
    insert,
    payments,
)

SYSTEM = "captured_test"
TABLES = {"account": Columns("id", "id")} | {
    name: Columns("id", "account_id")
    for name in (
        "contract",
        "subscription",
        "subscription_version",
        "amendment",
        "invoice",
        "invoice_line",
        "payment",
        "credit_memo",
        "oddity",
    )
}
ODDITY = """
CREATE TABLE oddity (
    id text PRIMARY KEY,
    account_id text NOT NULL,
    any_number numeric,
    small_number numeric(5, 4),
    whole bigint,
    truth boolean,
    day date,
    at timestamp,
    at_millis timestamp(3),
    at_zone timestamptz,
    clock time,
    raw bytea,
    reading double precision,
    words text[],
    document jsonb
)
"""


@pytest.fixture(scope="module")
def db(stack: Endpoints) -> Iterator[Captured]:
    """The billing database under capture, with customers S-1 and S-2 that were there before."""
    with database(stack, SYSTEM) as dsn:
        with psycopg.connect(dsn) as sql:
            sql.execute((SQL_FOLDER / "billing.sql").read_bytes())
            sql.execute(ODDITY.encode())
            account(sql, "S-1", "S-2")
        with captured(stack, Capture(SYSTEM, TABLES), dsn) as it:
            yield it


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


def test_an_unchanged_toasted_value_arrives_whole(db: Captured) -> None:
    """REPLICA IDENTITY FULL logs it with the old image, and Debezium fills it in from there."""
    terms = _incompressible(20_000)
    account(db.writer, "T-1")
    _contract(db, "TC-1", "T-1", terms)
    db.writer.execute("UPDATE contract SET status = 'ended' WHERE id = 'TC-1'")
    db.settle()

    assert [(row.fields["status"], row.fields["terms_text"]) for row in db.rows("TC-1")] == [
        ("active", terms),
        ("ended", terms),
    ]


def test_a_toasted_value_that_was_not_logged_is_unchanged(db: Captured) -> None:
    """Somebody took REPLICA IDENTITY FULL away: the value is missing, and says so."""
    account(db.writer, "T-2")
    _contract(db, "TC-2", "T-2", _incompressible(20_000))
    db.writer.execute("ALTER TABLE contract REPLICA IDENTITY DEFAULT")
    db.writer.execute("UPDATE contract SET status = 'ended' WHERE id = 'TC-2'")
    db.writer.execute("ALTER TABLE contract REPLICA IDENTITY FULL")
    db.settle()

    assert db.rows("TC-2")[-1].fields["status"] == "ended"
    assert db.rows("TC-2")[-1].fields["terms_text"] == UNCHANGED


def test_a_row_that_changes_its_customer_moves(db: Captured) -> None:
    account(db.writer, "V-1", "V-2")
    payments(db.writer, "V-1", ["VP-1"])
    db.writer.execute("UPDATE payment SET account_id = 'V-2' WHERE id = 'VP-1'")
    db.settle()

    versions = sorted(db.rows("VP-1"), key=lambda row: row.version)
    assert [(row.operation, row.native_customer) for row in versions] == [
        ("upsert", "V-1"),
        ("moved_out", "V-1"),
        ("moved_in", "V-2"),
    ]
    assert len({row.native_version for row in versions[1:]}) == 1


def test_a_deleted_row_is_deleted_under_its_customer(db: Captured) -> None:
    account(db.writer, "D-1")
    payments(db.writer, "D-1", ["DP-1"])
    db.writer.execute("DELETE FROM payment WHERE id = 'DP-1'")
    db.settle()

    assert [(row.operation, row.native_customer) for row in db.rows("DP-1")] == [("upsert", "D-1"), ("delete", "D-1")]


def test_a_row_that_comes_back_under_its_old_id_is_newer(db: Captured) -> None:
    account(db.writer, "R-1")
    for _ in range(2):
        payments(db.writer, "R-1", ["RP-1"])
        db.writer.execute("DELETE FROM payment WHERE id = 'RP-1'")
    db.settle()

    assert [row.operation for row in db.rows("RP-1")] == ["upsert", "delete", "upsert", "delete"]
    _assert_newer_each_time(db.rows("RP-1"))


def test_a_truncate_is_a_gap_in_every_partition(db: Captured) -> None:
    db.writer.execute("TRUNCATE amendment")
    db.settle()

    gaps = [(s.partition, s.event.object) for s in db.seen if isinstance(s.event, Gap)]
    assert sorted(gaps) == [(partition, "amendment") for partition in range(PARTITIONS)]


def test_a_transaction_of_many_rows_has_one_commit_time_and_an_order(db: Captured) -> None:
    with db.writer.transaction():
        account(db.writer, "B-1")
        payments(db.writer, "B-1", [f"BP-{n}" for n in range(500)])
        for n in range(3):
            db.writer.execute("UPDATE payment SET amount = %s WHERE id = 'BP-0'", (n,))
    db.settle()

    rows = db.rows("B-1", *(f"BP-{n}" for n in range(500)))
    assert len(rows) == 504
    assert len({(row.committed_at, row.native_version) for row in rows}) == 1
    assert [row.fields["amount"] for row in db.rows("BP-0")] == ["1.00", "0.00", "1.00", "2.00"]
    _assert_newer_each_time(db.rows("BP-0"))


def test_what_was_rolled_back_is_never_heard_of(db: Captured) -> None:
    with db.writer.transaction(force_rollback=True):
        account(db.writer, "RB-1")
    account(db.writer, "RB-2")
    db.settle()

    assert (len(db.rows("RB-1")), len(db.rows("RB-2"))) == (0, 1)


@pytest.mark.parametrize("amount", ["9999999999999999.99", "-9999999999999999.99", "0.00", "-0.01", "12.50"])
def test_an_amount_arrives_digit_for_digit(db: Captured, amount: str) -> None:
    customer = f"N{amount}"
    account(db.writer, customer)
    insert(
        db.writer,
        "payment",
        id=f"P{amount}",
        account_id=customer,
        status="settled",
        currency="EUR",
        amount=amount,
    )
    db.settle()

    assert [row.fields["amount"] for row in db.rows(f"P{amount}")] == [amount]


def test_columns_of_every_kind_arrive_as_exact_text(db: Captured) -> None:
    values = {
        "any_number": "1234567890123456789012345678901234567890.000000000000000000000000000001",
        "small_number": "0.1000",
        "whole": "9223372036854775807",
        "truth": "true",
        "day": "2024-02-29",
        "at": "2026-11-24T10:31:58.000001",
        "at_millis": "2026-11-24T10:31:58.123000",
        "at_zone": "2026-11-24T09:31:58.123456Z",
        "clock": "23:59:59.999999",
        "reading": "0.1",
        "words": '["a", "ö"]',
        "document": '{"a": 1.50}',
    }
    sent = values | {"at_zone": "2026-11-24 10:31:58.123456+01", "words": ["a", "ö"], "raw": b"\x00\xff"}
    insert(db.writer, "oddity", id="O-1", account_id="S-2", **sent)
    insert(db.writer, "oddity", id="O-2", account_id="S-2")
    db.settle()

    full, empty = db.rows("O-1", "O-2")
    assert full.fields == values | {"id": "O-1", "account_id": "S-2", "raw": "00ff"}
    assert empty.fields == dict.fromkeys(full.fields) | {"id": "O-2", "account_id": "S-2"}


def test_a_column_added_later_arrives(db: Captured) -> None:
    db.writer.execute("ALTER TABLE credit_memo ADD COLUMN reason text")
    account(db.writer, "C-1")
    insert(
        db.writer,
        "credit_memo",
        id="CM-1",
        account_id="C-1",
        number="CM-1",
        status="posted",
        currency="EUR",
        total_amount="5.00",
        reason="goodwill",
    )
    db.settle()

    assert db.rows("CM-1")[0].fields["reason"] == "goodwill"


def test_a_paused_connector_is_not_heard_and_catches_up(db: Captured) -> None:
    db.settle()
    db.connect.pause(SYSTEM)
    db.until(lambda: (status := db.connect.status(SYSTEM)) is not None and set(status.parts) == {"PAUSED"})
    account(db.writer, "PA-1")
    with pytest.raises(AssertionError, match="not so after"):
        db.settle(timeout_seconds=2)
    with pytest.raises(Stop, match=r"does not run \(PAUSED, PAUSED\)"):
        db.connect.wait_running(SYSTEM, timeout_seconds=0.5)
    db.connect.resume(SYSTEM)
    db.settle()

    assert len(db.rows("PA-1")) == 1


def test_preparing_again_changes_nothing(db: Captured) -> None:
    db.settle()
    markers = db.writer.execute("SELECT partition, key FROM driftwise_marker ORDER BY 1").fetchall()
    prepare(db.dsn, db.capture, PARTITIONS, sql_file=SQL_FOLDER / "billing.sql", role=f"capture_{SYSTEM}")
    db.settle()

    assert db.writer.execute("SELECT partition, key FROM driftwise_marker ORDER BY 1").fetchall() == markers
    assert [partition_for(str(key), PARTITIONS) for _, key in markers] == list(range(PARTITIONS))


def test_the_connectors_role_may_read_and_beat_but_not_write(db: Captured) -> None:
    with psycopg.connect(db.dsn, user=f"capture_{SYSTEM}", autocommit=True) as sql:
        assert sql.execute("SELECT count(*) FROM account WHERE id = 'S-2'").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            account(sql, "forbidden")


def test_a_database_without_the_tables_is_named_with_what_it_lacks(stack: Endpoints) -> None:
    with database(stack, "capture_empty") as dsn, pytest.raises(Stop, match="lacks invoice"):
        prepare(dsn, Capture("capture_empty", {"invoice": Columns("id", "account_id")}), PARTITIONS)


def test_connect_refuses_a_configuration_that_cannot_work(db: Captured) -> None:
    config = db.connect.config(SYSTEM)
    assert config is not None
    with pytest.raises(Refused, match=r"snapshot\.mode"):
        db.connect.apply("capture_refused", config | {"name": "capture_refused", "snapshot.mode": "sometimes"})


def _rows(db: Captured) -> list[SourceRow]:
    return [seen.event for seen in db.seen if isinstance(seen.event, SourceRow)]


def _contract(db: Captured, id_: str, customer: str, terms: str) -> None:
    insert(
        db.writer,
        "contract",
        id=id_,
        account_id=customer,
        number=id_,
        status="active",
        currency="EUR",
        value="12.50",
        starts_on="2026-02-28",
        term_months=12,
        terms_text=terms,
    )


def _incompressible(length: int) -> str:
    """Text that PostgreSQL cannot compress into the row, so that it is toasted."""
    state, letters = 1, []
    for _ in range(length):
        state = state * 6364136223846793005 % 2**64 + 1442695040888963407
        letters.append(chr(33 + (state >> 33) % 90))
    return "".join(letters)


def _assert_newer_each_time(rows: list[SourceRow]) -> None:
    assert all(older.version < newer.version for older, newer in pairwise(rows))
