"""Records of a polled Salesforce org, read: pure, one record in, one source event out."""

from __future__ import annotations

from typing import Any

from schemas.codec import Unreadable
from schemas.instants import Instant, to_datetime
from schemas.source import Heard, Probed, Reader, SourceEvent, SourceRow


def reader(system: str) -> Reader:
    """A reader of `src.<system>` as the polling connector writes it: PolledRow, SourceProgress, SourceProbe.

    A row's version is (modification time, poll number), so of two reads of one SystemModstamp the later is newer."""

    def read(record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent:
        try:
            return _EVENTS[record](system, value)
        except KeyError as missing:
            raise Unreadable(
                "unknown_record", f"{record} with {sorted(value)}: no {missing}; is a newer poller writing?"
            ) from None

    return read


def modstamp(instant: Instant) -> str:
    """SystemModstamp as the REST API writes it: 2024-07-24T14:05:58.000+0000."""
    moment = to_datetime(instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _row(system: str, value: dict[str, Any]) -> SourceEvent:
    at = value["modified_at"]
    return SourceRow(
        system=system,
        object=value["object"],
        native_id=value["id"],
        native_customer=value["customer"],
        operation=value["operation"],
        version=f"{at:020d}.{value['poll']:012d}",
        native_version=modstamp(at),
        committed_at=at,
        snapshot=value["snapshot"],
        changed_by=value["changed_by"],
        fields=value["fields"] if value["operation"] in ("upsert", "moved_in") else {},
    )


def _progress(system: str, value: dict[str, Any]) -> SourceEvent:
    return Heard(system, value["object"], value["epoch"], value["phase"], value["watermark"])


def _probe(system: str, value: dict[str, Any]) -> SourceEvent:
    return Probed(system, value["observed_at"])


_EVENTS = {"PolledRow": _row, "SourceProgress": _progress, "SourceProbe": _probe}
