"""A whole deployment on the real stack, but for the CRM: two databases under capture by Debezium, a CRM whose rows the
test writes as its poller would, and workers as processes.

Topics have one name a stack, so a deployment lives as long as a module and its tests share it: each has customers of
its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from psycopg import sql

from connectors.debezium.capture import Capture, Columns
from connectors.stack.endpoints import Endpoints
from schemas import topics
from schemas.source import ALL_OBJECTS
from streams.cli import driftwise
from streams.governance import Governance, load
from streams.look.read import Cluster, Seen
from streams.settings import Settings
from streams.worker import wiring
from tests.integration.captured import SQL_FOLDER, Captured, captured, database
from tests.integration.workers import Worker
from tests.topology import FIELDS, FIRST_KINDS

SLA_SECONDS = 2.0
SESSION_SECONDS = 6.0
CUSTOMER_COLUMN = {"billing": "account_id", "erp": "customer_id"}
CUSTOMERS = ("account", "customer")
"""Tables whose rows are the customers themselves."""


def overlay(folder: Path) -> Path:
    """Deadlines of seconds for the first kinds; markers as often as the tests ask for; nothing is ever stale."""
    folder.mkdir(parents=True, exist_ok=True)
    young = {"stale_after_seconds": 3600}
    databases = young | {"commit_time_slack_seconds": 0.1}
    systems = {"crm": young, "billing": databases, "erp": databases}
    made = {"systems": systems, "late_retention_seconds": 60, "judged": list(FIRST_KINDS)}
    (folder / "systems.yaml").write_text(yaml.safe_dump(made))
    kinds = {name: {"sla_seconds": SLA_SECONDS} for name in load().kinds}
    (folder / "kinds.yaml").write_text(yaml.safe_dump(kinds))
    return folder


@cache
def _loaded(folders: tuple[Path, ...]) -> Governance:
    return load(*folders)


@dataclass
class Deployment:
    settings: Settings
    folder: Path
    governance_folders: list[Path]
    databases: Mapping[str, Captured]
    cluster: Cluster = field(init=False)
    workers: list[Worker] = field(default_factory=list)
    _polls: int = 0

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.settings)
        self._producer = Producer(self.settings.client | {"enable.idempotence": True, "linger.ms": 0})

    @property
    def governance(self) -> Governance:
        return _loaded(tuple(self.governance_folders))

    # -- the sources

    def row(self, system: str, object_: str, id_: str, customer: str | None = None, **fields: str | None) -> None:
        """One row as it is now; what is not given is as in `tests.topology.FIELDS`."""
        if system == "crm":
            row = self.polled_row(object_, id_, customer or id_, {**FIELDS[system, object_], **fields})
            self.produce("src.crm", row["customer"], self.encoded("PolledRow", row))
            return
        known = {} if object_ in CUSTOMERS else {CUSTOMER_COLUMN[system]: customer}
        self.upsert(system, object_, {"id": id_, **known, **FIELDS[system, object_], **fields})

    def upsert(self, system: str, table: str, columns: Mapping[str, str | None]) -> None:
        names = [sql.Identifier(name) for name in columns]
        changes = [sql.SQL("{0} = excluded.{0}").format(name) for name in names]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(names),
            sql.SQL(", ").join(sql.Placeholder() * len(names)),
            sql.SQL(", ").join(changes),
        )
        self.databases[system].writer.execute(statement, tuple(columns.values()))

    def polled_row(self, object_: str, id_: str, customer: str, fields: Mapping[str, str | None]) -> dict[str, Any]:
        """A CRM row modified just now."""
        self._polls += 1
        return {
            "system": "crm",
            "object": object_,
            "id": id_,
            "customer": customer,
            "operation": "upsert",
            "modified_at": time.time_ns() // 1_000,
            "poll": self._polls,
            "snapshot": False,
            "changed_by": "somebody",
            "fields": dict(fields),
        }

    def encoded(self, record: str, value: dict[str, Any]) -> bytes:
        return self.cluster.codec.encode("src.crm", record, value)

    def produce(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes | None]] | None = None) -> int:
        """To the end of the key's partition; returns which that is."""
        partition = self.partition(key)
        self._producer.produce(topic, value, key, partition, headers=headers or [])  # type: ignore[arg-type]
        assert self._producer.flush(10) == 0
        return partition

    def overwrite(self, topic: str, partition: int, key: str, value: bytes) -> None:
        """What no worker would write: damage."""
        self._producer.produce(topic, value, key, partition)
        assert self._producer.flush(10) == 0

    def partition(self, key: str) -> int:
        return topics.partition_for(key, self.governance.partitions)

    def heard_crm(self) -> None:
        """The CRM has been polled up to now."""
        now = time.time_ns() // 1_000
        value = {"system": "crm", "object": ALL_OBJECTS, "epoch": 0, "phase": "streaming"}
        value |= {"watermark": now, "observed_at": now}
        for partition in range(self.governance.partitions):
            data = self.encoded("SourceProgress", {**value, "partition": partition})
            self._producer.produce("src.crm", data, b"", partition)
        assert self._producer.flush(10) == 0

    # -- the worker

    def environment(self, name: str = "one") -> dict[str, str]:
        return {
            "DRIFTWISE_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap,
            "DRIFTWISE_REGISTRY_URL": self.settings.registry_url,
            "DRIFTWISE_APPLICATION": self.settings.application,
            "DRIFTWISE_GOVERNANCE": ":".join(map(str, self.governance_folders)),
            "DRIFTWISE_DATA": str(self.folder / name / "data"),
            "DRIFTWISE_INSTANCE_ID": f"{self.settings.application}-{name}",
            "DRIFTWISE_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
        }

    def start(self, name: str = "one", **environment: str) -> Worker:
        """A worker with a folder and a membership of that name; a restart finds both again."""
        worker = Worker(self.folder / name, self.environment(name) | environment)
        self.workers.append(worker)
        return worker

    def until(self, condition: Callable[[], Any], timeout_seconds: float = 60) -> Any:
        """Poll the CRM until it is so; returns what the condition said."""
        deadline = time.monotonic() + timeout_seconds
        while not (said := condition()):
            assert time.monotonic() < deadline, f"not so after {timeout_seconds} s:\n{self.workers[-1].log[-4000:]}"
            self.heard_crm()
            time.sleep(0.2)
        return said

    # -- what came of it

    def seen(self, topic: str) -> list[Seen]:
        """Every committed record of a topic, each partition in its order."""
        return list(self.cluster.decoded(topic))

    def values(self, topic: str) -> list[dict[str, Any]]:
        return [seen.value for seen in self.seen(topic) if seen.value is not None]

    def latest(self, topic: str) -> dict[str, dict[str, Any]]:
        """Key -> last value of a compacted topic; tombstones take it away."""
        held = {(seen.origin.partition, seen.origin.key): seen.value for seen in self.seen(topic)}
        return {key: value for (_, key), value in held.items() if value is not None}

    def drifts(self, native_id: str) -> list[dict[str, Any]]:
        """Everything that was ever said about drifts of this subject, in order."""
        return [drift for drift in self.values(topics.DRIFTS) if drift["native_id"] == native_id]

    def members(self, canonical_id: str) -> list[str]:
        state = self.latest(topics.CORRECTED_STATE).values()
        found = [v["members"] for v in state if "members" in v and v["canonical_id"] == canonical_id]
        return sorted(found[0]) if found else []

    def command(self, *args: str) -> Result:
        return CliRunner().invoke(driftwise, args, env=self.environment(), catch_exceptions=False)

    def document(self, *args: str) -> Any:
        result = self.command(*args, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    def outcome(self, customer: str, kind: str, native_id: str) -> str:
        """What `driftwise why` says of one subject."""
        found = self.document("why", customer, kind, native_id)["explanations"]
        return next((e["outcome"] for e in found if e["native_id"] == native_id), "")


@contextmanager
def deployed(stack: Endpoints, folder: Path, heartbeat_ms: int = 200) -> Iterator[Deployment]:
    """Topics, schemas, capture; no worker yet. All of it is gone afterwards."""
    governance_folder = overlay(folder / "governance")
    governance = load(governance_folder)
    settings = Settings(stack.kafka_bootstrap, stack.registry_url, application=f"driftwise-{folder.name}")
    with ExitStack() as closing:
        captures = (_capture(stack, governance, system, heartbeat_ms) for system in CUSTOMER_COLUMN)
        with ThreadPoolExecutor() as at_once:  # a connector takes seconds to start
            databases = dict(zip(CUSTOMER_COLUMN, at_once.map(closing.enter_context, captures), strict=True))
        closing.callback(delete_topics, settings, wiring.create_topics(settings, governance))
        wiring.register(settings, governance)
        deployment = Deployment(settings, folder, [governance_folder], databases)
        closing.callback(_end, deployment.workers)
        yield deployment


@contextmanager
def _capture(stack: Endpoints, governance: Governance, system: str, heartbeat_ms: int) -> Iterator[Captured]:
    capture = Capture(system, {t: Columns(*c) for t, c in wiring.columns(governance, system).items()})
    with (
        database(stack, f"deployed_{system}") as dsn,
        captured(stack, capture, dsn, SQL_FOLDER / f"{system}.sql", heartbeat_interval_ms=str(heartbeat_ms)) as it,
    ):
        yield it


def _end(workers: list[Worker]) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            worker.kill()


def delete_topics(settings: Settings, names: list[str]) -> None:
    """And wait until they are gone: other modules make these topics for themselves."""
    admin = AdminClient(settings.client)
    for future in admin.delete_topics(names).values():
        future.result(timeout=30)
    deadline = time.monotonic() + 30
    while set(names) & set(admin.list_topics(timeout=10).topics):
        assert time.monotonic() < deadline, f"not gone: {names}"
        time.sleep(0.1)
