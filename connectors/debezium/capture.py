"""What is captured of a database, and all names that follow from it: slot, publication, key columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

MARKER_TABLE = "driftwise_marker"
MARKER_KEY = "key"
EPOCH = "epoch"
"""Marker column with the number of the snapshot with which the present capture began; 0: the first."""
EPOCH_HEADER = "driftwise.epoch"
"""Header with the epoch, on records captured since a later snapshot than the first."""
TRUNCATED = "truncated"
"""Marker column that names the table just truncated, null at a heartbeat."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Columns(NamedTuple):
    """The two columns by which a table's rows are known."""

    id: str
    customer: str
    """The native customer that the row belongs to; equal to `id` in the table of the customers themselves."""


@dataclass(frozen=True)
class Capture:
    """One database as captured: a system instance and its tables with their key columns.

    Raises ValueError for names that cannot also be a replication slot, a topic and an Avro namespace."""

    system: str
    tables: Mapping[str, Columns]
    schema: str = "public"

    def __post_init__(self) -> None:
        for name in (self.system, self.schema, *self.tables):
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot be captured: use lower-case letters, digits and underscores, letter first"
                )

    @property
    def slot(self) -> str:
        """Replication slot; one name space for all databases of a server."""
        return f"driftwise_{self.system}"

    @property
    def publication(self) -> str:
        return f"driftwise_{self.system}"

    @property
    def key_columns(self) -> dict[str, str]:
        """Table -> the column whose value is the record key, the marker table included."""
        return {table: columns.customer for table, columns in self.tables.items()} | {MARKER_TABLE: MARKER_KEY}

    def qualified(self, table: str) -> str:
        return f"{self.schema}.{table}"
