"""What a row that was read means, given what was produced of it before. Pure."""

import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from connectors.salesforce.objects import PolledObject
from connectors.salesforce.wire import instant_of, text_of
from schemas.instants import Instant

Operation = Literal["upsert", "delete", "moved_out", "moved_in", "presumed_deleted"]


@dataclass(frozen=True)
class Row:
    """One row as read, its fields as exact text. An empty `customer` means that the row names none."""

    id: str
    customer: str
    modified_at: Instant
    changed_by: str | None
    deleted: bool
    fields: dict[str, str | None]

    @property
    def digest(self) -> str:
        """Equal for rows with equal content."""
        content = json.dumps(self.fields, sort_keys=True, ensure_ascii=False)
        return blake2b(content.encode(), digest_size=12).hexdigest()


class Known(NamedTuple):
    """What was last produced of a row; the row index keeps one for each."""

    customer: str
    digest: str
    modified_at: Instant
    deleted: bool = False

    def to_json(self) -> dict[str, Any]:
        index = {"customer": self.customer, "digest": self.digest, "modstamp": self.modified_at}
        return {**index, "deleted": True} if self.deleted else index

    @classmethod
    def from_json(cls, index: dict[str, Any]) -> "Known":
        return cls(index["customer"], index["digest"], index["modstamp"], index.get("deleted", False))


class Step(NamedTuple):
    """One record to produce, under one customer."""

    operation: Operation
    customer: str


def row_of(polled: PolledObject, record: dict[str, Any]) -> Row:
    """The row of a query's record."""
    return Row(
        record["Id"],
        record[polled.customer_field] or "",
        instant_of(record["SystemModstamp"]),
        record["LastModifiedById"],
        record["IsDeleted"],
        {name: text_of(record[name]) for name in polled.selected},
    )


def known_after(row: Row) -> Known:
    return Known(row.customer, row.digest, row.modified_at, row.deleted)


def steps_for(row: Row, known: Known | None) -> list[Step]:
    """What to produce; nothing for an image that was produced already or is older than that."""
    now = Step("delete" if row.deleted else "upsert", row.customer)
    if known is None:
        return [now]
    if row.modified_at < known.modified_at or row.digest == known.digest:
        return []
    if known.deleted:
        # The deletion log told first: the deletion itself is no news, nor is an image from before it.
        return [] if row.deleted or row.modified_at == known.modified_at else [now]
    if row.customer == known.customer:
        return [now]
    arrival = now if row.deleted else Step("moved_in", row.customer)
    return [Step("moved_out", known.customer), arrival]


def forgotten(known: Known, at: Instant) -> Known | None:
    """The index entry of a row that is gone from `at` on, None if that is no news (or it has come back since)."""
    if known.deleted or at < known.modified_at:
        return None
    return known._replace(modified_at=at, deleted=True)
