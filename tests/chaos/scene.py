"""A deployment whose three sources are written by the test, so that only the broker and the workers are at stake.

All three systems are polled ones here: their rows need no database, and their times are the test's own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from schemas import topics
from schemas.source import ALL_OBJECTS
from streams.governance import Governance, load
from streams.look.read import Cluster
from streams.settings import Settings
from streams.verify import Report, verify
from streams.verify.report import EQUAL
from streams.worker import wiring
from tests.chaos.broker import Broker
from tests.chaos.crew import Crew
from tests.chaos.load import SLA_SECONDS, Life, Load, Row, Tick, instant
from tests.chaos.progress import Progress
from tests.integration.deployment import delete_topics
from tests.topology import FIELDS

TICKS_PER_SECOND = 8
SETTLED_SECONDS = 90
QUIET = {"log_level": 0}
"""Of a client that is not impressed by a broker that is away."""
TEN_YEARS_SECONDS = 10 * 365 * 24 * 3600
"""The load lies in the past; no source is stale for that."""
Actions = Mapping[int, Callable[[], object]]
"""Tick -> what to do before it is written: faults are placed by events, not by the clock."""


def govern(folder: Path) -> Governance:
    folder.mkdir()
    polled = {"vendor": "salesforce", "stale_after_seconds": TEN_YEARS_SECONDS}
    systems = dict.fromkeys(("crm", "billing", "erp"), polled)
    (folder / "systems.yaml").write_text(yaml.safe_dump({"systems": systems, "late_retention_seconds": 5}))
    kinds = {name: {"sla_seconds": SLA_SECONDS} for name in load().kinds if name != "source_stale"}
    (folder / "kinds.yaml").write_text(yaml.safe_dump(kinds))
    return load(folder)


@dataclass
class Scene:
    settings: Settings
    governance: Governance
    crew: Crew
    load: Load = field(default_factory=lambda: Load([], {}))
    _polls: int = 0

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.settings)
        self._producer = Producer(QUIET | self.settings.client | {"enable.idempotence": True, "linger.ms": 5})

    # -- the sources

    def flow(self, ticks: list[Tick], actions: Actions | None = None) -> None:
        """Write ticks at a steady pace, and tend the crew meanwhile."""
        started = time.monotonic()
        for count, tick in enumerate(ticks):
            if actions and count in actions:
                actions[count]()
            self.write(tick)
            self.crew.tend()
            time.sleep(max(0.0, started + count / TICKS_PER_SECOND - time.monotonic()))
        assert self._producer.flush(60) == 0

    def write(self, tick: Tick) -> None:
        """The rows of a second, then up to where each source has been heard."""
        for row in tick.rows:
            self._produce(row)
        for system in self.governance.systems:
            self._heard(system, tick.second)
        self._producer.poll(0)

    def _produce(self, row: Row) -> None:
        self._polls += 1
        value = {
            "system": row.system,
            "object": row.object,
            "id": row.id,
            "customer": row.customer,
            "operation": "delete" if row.deleted else "upsert",
            "modified_at": instant(row.second),
            "poll": self._polls,
            "snapshot": False,
            "changed_by": "somebody",
            "fields": {} if row.deleted else {**FIELDS[row.system, row.object], **row.fields},
        }
        partition = topics.partition_for(row.customer, self.governance.partitions)
        self._send(row.system, "PolledRow", value, partition, row.customer)

    def _heard(self, system: str, second: int) -> None:
        value = {"system": system, "object": ALL_OBJECTS, "epoch": 0, "phase": "streaming"}
        value |= {"watermark": instant(second), "observed_at": instant(second)}
        for partition in range(self.governance.partitions):
            self._send(system, "SourceProgress", {**value, "partition": partition}, partition, "")

    def _send(self, system: str, record: str, value: dict[str, Any], partition: int, key: str) -> None:
        topic = topics.source_topic(system)
        self._producer.produce(topic, self.cluster.codec.encode(topic, record, value), key, partition)

    # -- the end

    def judge(self) -> None:
        """All input is consumed; then a deployment that stands still is what its input says: by recomputation of
        everything, and by what the load was made to say."""
        self._settle()
        self.crew.leave()
        report = verify(self.settings, self.governance)
        assert report.code == EQUAL, _shown(report)
        assert sum(check.compared for check in report.checks) > self.load.rows
        said, expected = self.said(), self.expected()
        assert said == expected, f"too much: {said - expected}\nmissing: {expected - said}"

    def _settle(self) -> None:
        deadline = time.monotonic() + SETTLED_SECONDS
        with closing(Progress(self.settings, self.governance, self.cluster)) as progress:
            while not progress.arrived():
                self.crew.tend()
                assert time.monotonic() < deadline, f"not consumed: {progress.missing()}\n{self.crew.last_words()}"

    def said(self) -> Counter[tuple[str, str, int, int | None]]:
        """Everything ever said about the invoices of orderly companies, and how often."""
        told = (seen.value for seen in self.cluster.decoded(topics.DRIFTS) if seen.value is not None)
        return Counter(
            (d["native_id"], d["status"], d["opened_at"], d["closed_at"])
            for d in told
            if d["native_id"] in self.load.lives
        )

    def expected(self) -> Counter[tuple[str, str, int, int | None]]:
        lives = [(invoice, life) for invoice, life in self.load.lives.items() if life is not None]
        return Counter(said for invoice, life in lives for said in _told(invoice, life))


def _shown(report: Report) -> str:
    counts = (f"{check.what}: {check.differing} of {check.compared} differ" for check in report.checks)
    return "\n".join([*counts, *report.unproven, *report.notes, *map(str, report.differences)])


def _told(invoice: str, life: Life) -> Iterator[tuple[str, str, int, int | None]]:
    yield invoice, "open", life.opened_at, None
    if life.closed_at is not None:
        yield invoice, "closed", life.opened_at, life.closed_at


def _clear(settings: Settings, governance: Governance) -> None:
    """Of a test that broke off while the broker was away."""
    known = AdminClient(settings.client).list_topics(timeout=10).topics
    left_over = [topic.name for topic in wiring.all_topics(governance) if topic.name in known]
    if left_over:
        delete_topics(settings, left_over)


@contextmanager
def staged(broker: Broker, folder: Path) -> Iterator[Scene]:
    """Topics and schemas of a deployment of its own; no worker yet."""
    governance = govern(folder / "governance")
    settings = Settings(broker.bootstrap, broker.registry_url, application=f"driftwise-{folder.name}")
    with ExitStack() as closing:
        _clear(settings, governance)
        closing.callback(delete_topics, settings, wiring.create_topics(settings, governance))
        wiring.register(settings, governance)
        crew = Crew(settings, folder / "governance", folder / "workers")
        closing.callback(crew.kill_all)
        yield Scene(settings, governance, crew)
