"""What can be done to rows, and what arrives of it."""

from __future__ import annotations

from itertools import pairwise

from schemas.source import Gap, SourceRow
from tests.integration.captured import PARTITIONS, Captured, account, payments


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


def _assert_newer_each_time(rows: list[SourceRow]) -> None:
    assert all(older.version < newer.version for older, newer in pairwise(rows))
