"""Rows that wait in identify for their parent row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import unquote

from schemas import topics
from schemas.instants import Instant, iso
from schemas.source import SourceRow
from streams.governance.model import Governance
from streams.identify.keys import part
from streams.look import changelog
from streams.look.read import Cluster

PARKED = "parked:"
"""How the letter id of such a row's hole begins."""


class Parked(NamedTuple):
    system: str
    entity: str
    native_id: str
    parent: str
    parent_id: str
    since: Instant

    @property
    def text(self) -> str:
        row = f"{self.system}/{self.entity}/{self.native_id}"
        return (
            f"{row} of {iso(self.since)} is parked for want of its {self.parent} {self.parent_id or '(it names none)'}"
        )


def parked_row(key: str, value: dict[str, Any]) -> tuple[str, Parked]:
    """Letter id and row of one `k/` entry of identify's state."""
    _, system, _, parent, parent_id, entity, native_id = key.split("/", 6)
    row = SourceRow(*value["row"])
    return value["letter_id"], Parked(system, entity, native_id, parent, unquote(parent_id), row.committed_at)


def read_parked(cluster: Cluster, governance: Governance, members: Iterable[str]) -> dict[str, Parked]:
    """Letter id -> parked row, of these native customers (`system:native id`)."""
    found: dict[str, Parked] = {}
    for member in members:
        system, native = member.split(":", 1)
        partition = topics.partition_for(native, governance.partitions)
        view = changelog.state(cluster, "identify", partition, changelog.below(f"k/{system}/{part(native)}/"))
        found |= dict(parked_row(key, value) for key, value in view.items())
    return found
