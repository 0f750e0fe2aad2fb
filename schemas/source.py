"""Source events: what a connector's reader makes of one captured record, whatever the vendor.

Readers (`connectors/*/reader.py`) are pure: decoded Avro value and headers in, one source event out. Field values are
exact text as the source sent it (decimals digit for digit, dates in ISO form, booleans `true`/`false`); None for null.
"""

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
    """Names the snapshot that showed the row, by a version before which none of its rows sorts. Empty: unknown."""


class Heard(NamedTuple):
    """Progress: every change of `object` (or ALL_OBJECTS) up to `watermark` came before this, in this partition."""

    system: str
    object: str
    epoch: int
    phase: str
    """snapshot | streaming | gap; only streaming has a watermark."""
    watermark: Instant | None
    snapshot_of: str = ""
    """Names a snapshot of the whole system that begins here. Once it has ended, rows that only have versions before
    this were not shown by it. Empty: none begins, or unknown."""


class Probed(NamedTuple):
    """A worker asks, at this wall-clock time, how old the source's watermark is."""

    system: str
    observed_at: Instant


class Gap(NamedTuple):
    """Rows vanished without a record of each (TRUNCATE): the object's evidence starts anew."""

    system: str
    object: str
    committed_at: Instant
    version: str = ""
    """Versions that sort before this one are gone; later ones sort after it. Empty: unknown."""


class Skipped(NamedTuple):
    """Ordinary traffic that says nothing: counted under `why`."""

    why: str


SourceEvent = SourceRow | Heard | Probed | Gap | Skipped


class Reader(Protocol):
    """Reads records of one system's topic. Raises `schemas.codec.Unreadable` for what must be diverted."""

    def __call__(self, record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent: ...
