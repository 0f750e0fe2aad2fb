"""What a connector's reader makes of one captured record: the vocabulary between vendors and the canonical model.

Readers (`connectors/*/reader.py`) are pure: decoded Avro value and headers in, one of these out. Field values are exact
text as the source sent it (decimals digit for digit, dates ISO, booleans `true`/`false`), None for null."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from schemas.instants import Instant

ALL_OBJECTS = "*"
UNCHANGED = "\x00unchanged"
"""A field the source did not send because it did not change (PostgreSQL TOAST): the last image's value stands."""


class SourceRow(NamedTuple):
    """One version of one row."""

    system: str
    object: str
    native_id: str
    native_customer: str
    operation: str
    """upsert | delete | presumed_deleted | moved_out (the row went to another native customer) | moved_in"""
    version: str
    """Sorts as text in the source's order, within one row: epoch and position, zero-padded."""
    native_version: str
    """Transaction id (PostgreSQL) or SystemModstamp (Salesforce)."""
    committed_at: Instant
    snapshot: bool
    changed_by: str | None
    """The source's own name for who did it."""
    fields: dict[str, str | None]
    """Empty for a deletion."""
    snapshot_of: str = ""
    """Of a row that a snapshot shows: which; no version that it shows sorts before this. Empty: it is not told."""


class Heard(NamedTuple):
    """Progress: every change of `object` (or ALL_OBJECTS) up to `watermark` was before this, in this partition."""

    system: str
    object: str
    epoch: int
    phase: str
    """snapshot | streaming | gap; only streaming has a watermark."""
    watermark: Instant | None
    snapshot_of: str = ""
    """Where a snapshot of the whole system begins: which. What has only versions before this once it has ended, it did
    not show. Empty: it is not told."""


class Probed(NamedTuple):
    """Somebody asked, at this wall-clock time, how old the source's watermark is."""

    system: str
    observed_at: Instant


class Gap(NamedTuple):
    """Rows vanished without a trace of each (TRUNCATE): the object's evidence starts anew."""

    system: str
    object: str
    committed_at: Instant
    version: str = ""
    """Versions that sort before it are gone, and none that comes later does. Empty: it is not told."""


class Skipped(NamedTuple):
    """Ordinary traffic that says nothing: counted under `why`."""

    why: str


SourceEvent = SourceRow | Heard | Probed | Gap | Skipped


class Reader(Protocol):
    """Reads records of one system's topic. Raises `schemas.codec.Unreadable` for what must be diverted."""

    def __call__(self, record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent: ...
