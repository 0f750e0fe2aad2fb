"""What a driven topology wrote, as a cluster to look at: the same bytes that its topics and changelogs would hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from schemas import topics
from schemas.codec import Codec
from schemas.instants import SECOND, Instant
from streams.driver import Driver
from streams.look.read import Cluster, Record
from streams.look.write import Outgoing
from streams.suspects.table import compared
from tables.state import PROGRESS, encode

STAGES = ("identify", "crosswalk", "judge", "fleet")


def written(driver: Driver, codec: Codec) -> Iterator[Outgoing]:
    """Every record of every topic and changelog, encoded for a deployment's registry."""
    for topic, records in driver.written.items():
        for r in records:
            value = None if r.value is None else codec.encode(topic, r.record, r.value)
            yield Outgoing(topic, r.partition, r.key.encode(), value, {})
    for stage in (*STAGES, *(("suspects",) if compared(driver.governance) else ())):
        for partition in range(driver.governance.partitions):
            yield from changelog(driver, stage, partition)


def changelog(driver: Driver, stage: str, partition: int) -> Iterator[Outgoing]:
    topic = topics.CHANGELOG + stage
    for key, value in driver.state(stage, partition).items():
        # A value that was deleted since, and one that was rewritten: what compaction has not yet taken away.
        yield Outgoing(topic, partition, b"gone/" + key.encode(), encode({}), {})
        yield Outgoing(topic, partition, b"gone/" + key.encode(), None, {})
        yield Outgoing(topic, partition, key.encode(), encode({}), {})
        yield Outgoing(topic, partition, key.encode(), encode(value), {})
        yield Outgoing(topic, partition, PROGRESS.encode(), encode({"offsets": {}}), {})


class DriverCluster(Cluster):
    """Looks at a driver instead of a broker; records were produced at `produced_at`."""

    def __init__(self, driver: Driver, produced_at: Instant = 0) -> None:
        self._driver, self.produced_at = driver, produced_at
        self.codec = driver.codec
        self.asked: list[tuple[str, Instant | None]] = []
        """Topic and `since` of every read."""

    def raw(
        self, topic: str, partitions: Iterable[int] | None = None, since: Instant | None = None
    ) -> Iterator[Record]:
        wanted = None if partitions is None else set(partitions)
        self.asked.append((topic, since))
        if since is not None and self.produced_at < since:
            return
        for offset, r in enumerate(written(self._driver, self.codec)):
            if r.topic == topic and (wanted is None or r.partition in wanted):
                at = self.produced_at // 1_000
                yield Record(topic, r.partition, offset, at, (r.key or b"").decode(), r.value, dict(r.headers))


def micros(at: float) -> Instant:
    return round(at * SECOND)


def drift(drift_id: str, **fields: Any) -> dict[str, Any]:
    """A drift record as the topic holds it."""
    plain: dict[str, Any] = {
        "drift_id": drift_id,
        "kind": "invoice_not_posted",
        "kind_number": "8",
        "canonical_id": "crm:A",
        "system": "billing",
        "entity": "invoice",
        "native_id": "I",
        "status": "open",
        "severity": "S1",
        "amount_at_stake": None,
        "owner_team": "finance-systems",
        "opened_at": micros(11),
        "closed_at": None,
        "how": "",
        "expected": "invoice I-1 is posted",
        "observed": "no posting refers to it",
        "mode": "propose",
        "restraint": "",
    }
    return plain | fields
