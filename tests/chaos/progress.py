"""How far a deployment has come with its input: told by the progress records of finished commits."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from streams.governance import Governance
from streams.look.read import Cluster
from streams.settings import Settings
from streams.verify.transactions import Transactions
from tables.state import PROGRESS, decode

Offsets = dict[tuple[str, int], int]
CLIENT = {"group.id": "driftwise-chaos", "isolation.level": "read_committed", "enable.auto.commit": False}
BATCH = 10_000


class Progress:
    """Probes go on for as long as workers live, so input never ends. What was there at the beginning is followed from
    stage to stage: when one has read it, what it said of it is there for the next."""

    def __init__(self, settings: Settings, governance: Governance, cluster: Cluster) -> None:
        self._cluster, self._transactions = cluster, Transactions(settings.client)
        self._changelogs = Consumer(settings.client | CLIENT)
        self._changelogs.assign(list(_changelogs(governance)))
        self._read: Offsets = {}
        sources = tuple(map(topics.source_topic, governance.systems))
        self._hops = [sources, (topics.LINKS,), (topics.CROSSWALK,), (topics.CHANGES,), (topics.PROGRESS,)]
        self._wanted = self._behind_last(self._hops[0])

    def arrived(self) -> bool:
        """Whether the last stage has read all of it."""
        self._read_on()
        while self._hops and not self.missing():
            self._hops.pop(0)
            self._wanted = self._behind_last(self._hops[0]) if self._hops else {}
        return not self._hops

    def missing(self) -> Offsets:
        """Of the hop that is waited for: partition -> how many offsets are left."""
        left = {place: end - self._read.get(place, 0) for place, end in self._wanted.items()}
        return {place: count for place, count in left.items() if count > 0}

    def close(self) -> None:
        self._changelogs.close()

    def _read_on(self) -> None:
        while records := self._changelogs.consume(BATCH, timeout=0.1):
            for record in records:
                data = record.value()
                if record.error() is None and record.key() == PROGRESS.encode() and data is not None:
                    offsets = decode(data)["offsets"]
                    self._read |= {(topic, record.partition() or 0): offset for topic, offset in offsets.items()}

    def _behind_last(self, names: Iterable[str]) -> Offsets:
        """Of the last committed record: the broker's own end lies behind the marker of its transaction."""
        self._transactions.await_end(names)
        return {(r.topic, r.partition): r.offset + 1 for name in names for r in self._cluster.raw(name)}


def _changelogs(governance: Governance) -> Iterable[TopicPartition]:
    for topic in topics.topics(()):
        if topic.name.startswith(topics.CHANGELOG):
            yield from (TopicPartition(topic.name, n, 0) for n in range(topic.partitions or governance.partitions))
