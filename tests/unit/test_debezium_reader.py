"""Debezium's envelope, read: what each kind of record means."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.debezium.reader import reader
from schemas.codec import Unreadable
from schemas.source import Gap, Heard, Skipped, SourceRow

TABLES = {"account": ("id", "id"), "invoice": ("id", "account_id")}
SLACK = 250_000
COMMITTED_AT = 1_795_516_318_123_456
ROW = {"id": "I-1", "account_id": "A-1", "total_amount": Decimal("12.50"), "last_modified_by": "integration"}

read = reader("billing", TABLES, slack_micros=SLACK)


def envelope(
    op: str, *, table: str = "invoice", before: Any = None, after: Any = None, **source: Any
) -> dict[str, Any]:
    return {
        "before": before,
        "after": after,
        "op": op,
        "source": {
            "table": table,
            "schema": "public",
            "snapshot": "false",
            "sequence": '["900","1000"]',
            "txId": 747,
            "lsn": 1000,
            "ts_ms": COMMITTED_AT // 1000,
            "ts_us": COMMITTED_AT,
        }
        | source,
    }


def row(value: dict[str, Any], headers: dict[str, bytes] | None = None) -> SourceRow:
    event = read("Envelope", value, headers or {})
    assert isinstance(event, SourceRow)
    return event


def refused(value: dict[str, Any], record: str = "Envelope") -> str:
    with pytest.raises(Unreadable) as raised:
        read(record, value, {})
    return raised.value.reason


def test_an_update_is_a_version_of_its_row() -> None:
    event = row(envelope("u", before=ROW, after=ROW))

    assert event == SourceRow(
        system="billing",
        object="invoice",
        native_id="I-1",
        native_customer="A-1",
        operation="upsert",
        version=event.version,
        native_version="747",
        committed_at=COMMITTED_AT,
        snapshot=False,
        changed_by="integration",
        fields={"id": "I-1", "account_id": "A-1", "total_amount": "12.50", "last_modified_by": "integration"},
    )


def test_a_deletion_is_read_from_the_image_before() -> None:
    event = row(envelope("d", before=ROW))

    assert (event.operation, event.native_id, event.native_customer, event.fields) == ("delete", "I-1", "A-1", {})


def test_nobody_is_named_for_a_deletion() -> None:
    """The row carries who changed it last, not who deleted it."""
    assert row(envelope("d", before=ROW)).changed_by is None


def test_a_row_that_leaves_its_customer_has_moved_out() -> None:
    event = row(envelope("d", before=ROW), {"__debezium.newkey": b"Struct{account_id=A-2}"})

    assert (event.operation, event.native_customer) == ("moved_out", "A-1")


def test_a_row_that_comes_to_a_customer_has_moved_in() -> None:
    event = row(envelope("c", after=ROW | {"account_id": "A-2"}), {"__debezium.oldkey": b"Struct{account_id=A-1}"})

    assert (event.operation, event.native_customer) == ("moved_in", "A-2")


def test_moving_in_is_newer_than_moving_out() -> None:
    """Both halves have one position in the log; customers that share a partition need an order."""
    moved_out = row(envelope("d", before=ROW), {"__debezium.newkey": b""})
    moved_in = row(envelope("c", after=ROW), {"__debezium.oldkey": b""})

    assert moved_out.version < moved_in.version


def test_a_customer_whose_own_id_changes_is_deleted_and_created() -> None:
    customer = {"id": "A-1", "name": "Ada"}
    gone = row(envelope("d", table="account", before=customer), {"__debezium.newkey": b""})
    come = row(envelope("c", table="account", after=customer | {"id": "A-9"}), {"__debezium.oldkey": b""})

    assert (gone.operation, come.operation) == ("delete", "upsert")


def test_a_row_whose_id_changes_under_its_customer_is_diverted() -> None:
    assert refused(envelope("u", before=ROW, after=ROW | {"id": "I-2"})) == "native_id_changed"


def test_versions_sort_as_text_in_commit_order() -> None:
    positions = ['[null,"7"]', '["9","8"]', '["9","100"]', '["100","101"]', '["18446744073709551614","1"]']
    versions = [row(envelope("u", after=ROW, sequence=position)).version for position in positions]

    assert versions == sorted(versions)
    assert len(set(versions)) == len(versions)


def test_a_snapshot_row_is_older_than_any_change_even_at_a_lower_position() -> None:
    """A transaction that was open when the replication slot was made wrote below the snapshot's position."""
    snapshot = row(envelope("r", after=ROW, snapshot="first", sequence='[null,"5000"]'))
    change = row(envelope("u", after=ROW, sequence='[null,"4000"]'))

    assert snapshot.version < change.version
    assert (snapshot.snapshot, change.snapshot) == (True, False)


def test_a_snapshot_that_starts_again_is_newer_than_the_one_broken_off() -> None:
    first, second = (
        row(envelope("r", after=ROW, snapshot="true", sequence=f'[null,"{at}"]')).version for at in (5000, 6000)
    )

    assert first < second


def test_a_new_epoch_is_newer_than_everything_before() -> None:
    change = row(envelope("u", after=ROW))
    again = reader("billing", TABLES, epoch=1)("Envelope", envelope("r", after=ROW, snapshot="true"), {})

    assert isinstance(again, SourceRow)
    assert change.version < again.version


EPOCH_7 = {"driftwise.epoch": b"7"}


def test_records_that_say_their_epoch_are_newer_than_those_of_a_lower_one() -> None:
    before = row(envelope("u", before=ROW, after=ROW))
    shown = row(envelope("r", after=ROW, snapshot="true", sequence='[null,"1"]'), EPOCH_7)
    assert before.version < shown.version
    assert reader("billing", TABLES, epoch=9)("Envelope", envelope("r", after=ROW), EPOCH_7) == reader(
        "billing", TABLES, epoch=9
    )("Envelope", envelope("r", after=ROW), {}), "the higher one holds"


def test_rows_and_markers_of_a_snapshot_say_which_it_is() -> None:
    shown = {"snapshot": "true", "sequence": '[null,"1000"]'}
    marker = envelope("r", table="driftwise_marker", after={"partition": 0}, **shown)
    begun, rows = read("Envelope", marker, EPOCH_7), row(envelope("r", after=ROW, **shown), EPOCH_7)
    later = row(envelope("r", after=ROW, snapshot="last", sequence='[null,"2000"]'), EPOCH_7)
    assert begun == Heard("billing", "*", 7, "snapshot", None, rows.snapshot_of)
    assert rows.snapshot_of < rows.version < later.snapshot_of < later.version
    assert row(envelope("u", before=ROW, after=ROW)).version < rows.snapshot_of


@pytest.mark.parametrize(("op", "snapshot"), [("c", "false"), ("u", None), ("r", "incremental")])
def test_what_the_log_brings_is_of_no_snapshot(op: str, snapshot: str | None) -> None:
    assert row(envelope(op, before=ROW, after=ROW, snapshot=snapshot)).snapshot_of == ""


def test_an_epoch_that_is_no_number_is_refused() -> None:
    with pytest.raises(Unreadable, match="seven"):
        read("Envelope", envelope("r", after=ROW), {"driftwise.epoch": b"seven"})


def test_commit_time_falls_back_to_milliseconds() -> None:
    assert row(envelope("c", after=ROW, ts_us=None)).committed_at == COMMITTED_AT // 1000 * 1000


def test_a_beating_marker_is_heard_up_to_its_commit_less_the_slack() -> None:
    marker = {"partition": 0, "key": "marker-0-2", "truncated": None}
    heard = read("Envelope", envelope("u", table="driftwise_marker", before=marker, after=marker), {})

    assert heard == Heard("billing", "*", 0, "streaming", COMMITTED_AT - SLACK)


def test_a_marker_in_the_snapshot_gives_no_watermark() -> None:
    heard = read("Envelope", envelope("r", table="driftwise_marker", after={"partition": 0}, snapshot="true"), {})

    assert heard == Heard("billing", "*", 0, "snapshot", None, f"{0:010d}.0.{900:020d}.{1000:020d}")


def test_a_marker_taken_away_says_nothing() -> None:
    assert read("Envelope", envelope("d", table="driftwise_marker", before={"partition": 7}), {}) == Skipped(
        "marker_removed"
    )


def test_a_marker_that_names_a_truncated_table_is_a_gap_of_that_table() -> None:
    marker = {"partition": 0, "key": "marker-0-2", "truncated": "invoice"}
    gap = read("Envelope", envelope("u", table="driftwise_marker", before=marker, after=marker), {})

    assert gap == Gap("billing", "invoice", COMMITTED_AT, row(envelope("u", before=ROW, after=ROW)).version)


def test_a_truncate_itself_is_left_to_the_markers() -> None:
    """It has no key, so one partition gets it, whichever that is."""
    assert read("Envelope", envelope("t"), {}) == Skipped("truncate")


def test_a_null_value_is_skipped_and_counted() -> None:
    assert reader("billing", TABLES)("", None, {}) == Skipped("null_value")  # type: ignore[arg-type]


def test_what_cannot_be_read_is_diverted_with_its_reason() -> None:
    assert refused(envelope("u", after=ROW), record="Value") == "unexpected_record"
    assert refused(envelope("u", table="secrets", after=ROW)) == "unknown_table"
    assert refused(envelope("x", after=ROW)) == "unknown_operation"
    assert refused(envelope("u", after={"id": "I-1"})) == "key_missing"
    assert refused(envelope("u", after=ROW | {"id": None})) == "key_missing"
    assert refused(envelope("u", after=None)) == "image_missing"
    assert refused(envelope("u", after=ROW, sequence="nonsense")) == "envelope_incomplete"
    assert refused({"op": "u"}) == "envelope_incomplete"
    assert refused(envelope("c", after=ROW | {"column": object()})) == "unknown_type"
