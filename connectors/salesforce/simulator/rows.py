"""A record with its versions: the newest is what an id lookup reads, an older one is what queries may still see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Version(NamedTuple):
    visible_at: float
    values: Mapping[str, Any]


@dataclass
class Row:
    versions: list[Version] = field(default_factory=list)

    @property
    def latest(self) -> Mapping[str, Any]:
        return self.versions[-1].values

    @property
    def deleted(self) -> bool:
        return bool(self.latest["IsDeleted"])

    def write(self, version: Version, now: float) -> None:
        """Adds a version and forgets those that no query can see any more."""
        self.versions.append(version)
        seen = max((i for i, known in enumerate(self.versions) if known.visible_at <= now), default=0)
        del self.versions[:seen]

    def visible(self, now: float) -> Mapping[str, Any] | None:
        """What a query at `now` finds: the newest version that has become visible."""
        return next((version.values for version in reversed(self.versions) if version.visible_at <= now), None)
