"""How far a deployment has come with its input: told by the progress records of finished commits."""

from __future__ import annotations

from collections.abc import Iterable

from schemas import topics
from streams.governance import Governance
from streams.look.read import Cluster
from tables.state import PROGRESS, decode

Offsets = dict[tuple[str, int], int]
CHANGELOGS = tuple(topics.CHANGELOG + stage for stage in ("identify", "crosswalk", "judge", "fleet"))


class Progress:
    """Probes go on for as long as workers live, so input never ends. What was there at the beginning is followed from
    stage to stage: when one has read it, what it said of it is there for the next."""

    def __init__(self, governance: Governance, cluster: Cluster) -> None:
        self._cluster = cluster
        sources = tuple(map(topics.source_topic, governance.systems))
        self._hops = [sources, (topics.LINKS,), (topics.CROSSWALK,), (topics.CHANGES,), (topics.PROGRESS,)]
        self._wanted = self._behind_last(self._hops[0])

    def arrived(self) -> bool:
        """Whether the last stage has read all of it."""
        while self._hops and not self.missing():
            self._hops.pop(0)
            self._wanted = self._behind_last(self._hops[0]) if self._hops else {}
        return not self._hops

    def missing(self) -> Offsets:
        """Of the hop that is waited for: partition -> how many offsets are left."""
        read = self._read()
        return {place: end - read.get(place, 0) for place, end in self._wanted.items() if read.get(place, 0) < end}

    def _read(self) -> Offsets:
        found: Offsets = {}
        for record in (record for name in CHANGELOGS for record in self._cluster.raw(name)):
            if record.key == PROGRESS and record.data is not None:
                offsets = decode(record.data)["offsets"]
                found |= {(topic, record.partition): offset for topic, offset in offsets.items()}
        return found

    def _behind_last(self, names: Iterable[str]) -> Offsets:
        """Of the last committed record: the broker's own end lies behind the marker of its transaction."""
        return {(r.topic, r.partition): r.offset + 1 for name in names for r in self._cluster.raw(name)}
