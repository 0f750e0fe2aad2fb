"""Reads Debezium's change envelopes: one record in, one source event out. Pure.

Envelope and source block: https://debezium.io/documentation/reference/3.4/connectors/postgresql.html#postgresql-events
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.debezium.capture import EPOCH_HEADER, MARKER_TABLE, TRUNCATED, Columns
from connectors.debezium.text import fields_text
from schemas.codec import Unreadable
from schemas.instants import Instant
from schemas.source import ALL_OBJECTS, Gap, Heard, Reader, Skipped, SourceEvent, SourceRow

CHANGED_BY = "last_modified_by"
MOVED_TO = "__debezium.newkey"
MOVED_FROM = "__debezium.oldkey"

_IMAGES = {"c": "after", "r": "after", "u": "after", "d": "before"}
_MOVES = {("d", MOVED_TO): "moved_out", ("c", MOVED_FROM): "moved_in"}


def reader(
    system: str, tables: Mapping[str, tuple[str, str]], *, slack_micros: int = 1_000_000, epoch: int = 0
) -> Reader:
    """A reader of `src.<system>`. `tables`: table -> (id column, native customer column).

    `slack_micros`: how far commit times may run backwards along the log (`commit_time_slack`). `epoch`: the least epoch
    of a record; those of later snapshots carry a higher one themselves (`EPOCH_HEADER`)."""
    return _DebeziumReader(system, {name: Columns(*columns) for name, columns in tables.items()}, slack_micros, epoch)


@dataclass(frozen=True)
class _DebeziumReader:
    system: str
    tables: Mapping[str, Columns]
    slack_micros: int
    epoch: int

    def __call__(self, record: str, value: dict[str, Any] | None, headers: Mapping[str, bytes]) -> SourceEvent:
        if value is None:
            return Skipped("null_value")
        if record != "Envelope":
            raise Unreadable("unexpected_record", f"{record} on the topic of {self.system}: Debezium writes Envelope")
        try:
            return self._read(value, headers)
        except (KeyError, TypeError, ValueError) as problem:
            raise Unreadable("envelope_incomplete", f"envelope of {self.system}: {problem!r}") from None

    def _read(self, value: dict[str, Any], headers: Mapping[str, bytes]) -> SourceEvent:
        op, source = value["op"], value["source"]
        table = source["table"]
        epoch = max(self.epoch, int(headers.get(EPOCH_HEADER, 0)))
        if table == MARKER_TABLE:
            return self._heard(op, value, epoch)
        if table not in self.tables:
            raise Unreadable("unknown_table", f"table {table!r} of {self.system} is not in the governed mapping")
        if op == "t":  # it has no key, so only one partition sees it; the markers tell all of them (markers.py)
            return Skipped("truncate")
        if op not in _IMAGES:
            raise Unreadable("unknown_operation", f"operation {op!r} of {self.system}.{table}")
        return self._row(op, value, headers, epoch)

    def _heard(self, op: str, value: dict[str, Any], epoch: int) -> SourceEvent:
        if op == "r":
            return Heard(self.system, ALL_OBJECTS, epoch, "snapshot", None, _snapshot_of(epoch, value["source"]))
        if op not in "cu":
            return Skipped("marker_removed")
        committed_at = _committed_at(value["source"])
        truncated = value["after"][TRUNCATED]
        if truncated is not None:
            return Gap(self.system, truncated, committed_at, _version(epoch, value["source"], "upsert"))
        return Heard(self.system, ALL_OBJECTS, epoch, "streaming", committed_at - self.slack_micros)

    def _row(self, op: str, value: dict[str, Any], headers: Mapping[str, bytes], epoch: int) -> SourceRow:
        source = value["source"]
        table = source["table"]
        columns = self.tables[table]
        image = value[_IMAGES[op]]
        if image is None:
            raise Unreadable("image_missing", f"{self.system}.{table} sent no row: it needs REPLICA IDENTITY FULL")
        if op == "u" and value.get("before") and value["before"][columns.id] != image[columns.id]:
            raise Unreadable("native_id_changed", f"{self.system}.{table}: a row's id was changed; ids are for ever")
        operation = _operation(op, headers, columns)
        gone = op == "d"
        return SourceRow(
            system=self.system,
            object=table,
            native_id=_text(image, columns.id, table),
            native_customer=_text(image, columns.customer, table),
            operation=operation,
            version=_version(epoch, source, operation),
            native_version=str(source["txId"]),
            committed_at=_committed_at(source),
            snapshot=_in_snapshot(source),
            changed_by=None if gone else image.get(CHANGED_BY),
            fields={} if gone else fields_text(image),
            snapshot_of=_snapshot_of(epoch, source) if op == "r" else "",
        )


def _operation(op: str, headers: Mapping[str, bytes], columns: Columns) -> str:
    if columns.id != columns.customer:  # a customer whose own id changes is deleted, not moved
        for (moving, header), operation in _MOVES.items():
            if op == moving and header in headers:
                return operation
    return "delete" if op == "d" else "upsert"


def _version(epoch: int, source: dict[str, Any], operation: str) -> str:
    """Epoch, snapshot (0) or log (1), last commit, position, half of a move (0: out, 1: in). Sorts as text in commit
    order.

    Snapshot rows come first whatever their position: a transaction that was open when the slot was made has lower
    positions than the snapshot. Both halves of a move have one position; the row leaves before it arrives."""
    committed, position = (int(part or 0) for part in json.loads(source["sequence"]))
    log = int(source.get("snapshot") in (None, "false", "incremental"))
    return f"{epoch:010d}.{log}.{committed:020d}.{position:020d}.{int(operation == 'moved_in')}"


def _snapshot_of(epoch: int, source: dict[str, Any]) -> str:
    """Names the snapshot by the position at which it began, which all its rows have. Empty for incremental snapshots,
    which are a part of the log."""
    version = _version(epoch, source, "upsert")
    return version.rpartition(".")[0] if source.get("snapshot") not in (None, "false", "incremental") else ""


def _in_snapshot(source: dict[str, Any]) -> bool:
    return source.get("snapshot") not in (None, "false")


def _committed_at(source: dict[str, Any]) -> Instant:
    micros = source.get("ts_us")
    return int(source["ts_ms"]) * 1000 if micros is None else int(micros)


def _text(image: dict[str, Any], column: str, table: str) -> str:
    if image.get(column) is None:
        raise Unreadable("key_missing", f"a row of {table} has no {column}: it cannot be attributed to a customer")
    return str(image[column])
