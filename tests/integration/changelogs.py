"""A changelog on the real broker, written as a worker writes it: state and progress in one transaction a commit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import count
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from tables import changelog
from tables.state import PROGRESS, encode
from tables.view import Value

COMPACTING = {"segment.ms": "100", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "100"}
"""Of a changelog that the cleaner takes up whenever it looks."""
_NUMBERS = count()


def look_often(bootstrap: str) -> None:
    """The broker's cleaner: by itself it looks for work every 15 s."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    often = ConfigEntry("log.cleaner.backoff.ms", "200", incremental_operation=AlterConfigOpType.SET)
    (broker,) = admin.list_topics(timeout=10).brokers
    cleaner = ConfigResource(ResourceType.BROKER, str(broker), incremental_configs=[often])
    admin.incremental_alter_configs([cleaner])[cleaner].result(timeout=30)


class Changelog:
    """One partition; `topic` is new unless one is given, to be made once more."""

    def __init__(self, bootstrap: str, topic: str | None = None, **config: str) -> None:
        self.client: dict[str, Any] = {"bootstrap.servers": bootstrap}
        self.topic = topic or f"changelog-{time.time_ns()}-{next(_NUMBERS)}"
        self._admin = AdminClient(self.client)
        made = NewTopic(self.topic, 1, 1, config={"cleanup.policy": "compact", **config})
        self._admin.create_topics([made])[self.topic].result(30)
        self.id = self._id()
        self._producer = self._new_producer()
        self.commits = 0

    def _id(self) -> str:
        """A topic is created before the broker knows of it everywhere."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return changelog.extent(self.client, self.topic, 0).topic_id
            except changelog.ChangelogUnusable:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def _new_producer(self) -> Producer:
        producer = Producer(self.client | {"transactional.id": self.topic, "transaction.timeout.ms": 10_000})
        producer.init_transactions(30)
        return producer

    def commit(self, entries: Mapping[str, Value | None]) -> None:
        self.commits += 1
        progress: Value = {"offsets": {"q2c.changes": self.commits}, "committed_at_seconds": time.time()}
        records = {key: None if value is None else encode(value) for key, value in entries.items()}
        self._producer.begin_transaction()
        for key, data in {**records, PROGRESS: encode(progress | {"changelog_id": self.id})}.items():
            self._producer.produce(self.topic, data, key, 0)
        self._producer.commit_transaction(30)

    def leave_open(self, entries: Mapping[str, Value]) -> None:
        """As a worker that is killed within a commit."""
        self._producer.begin_transaction()
        for key, value in entries.items():
            self._producer.produce(self.topic, encode(value), key, 0)
        self._producer.flush(30)

    def fence(self) -> None:
        """As the next owner; from now on readers see all that was committed: a commit returns before its markers."""
        self._producer = self._new_producer()

    def delete(self) -> None:
        self._admin.delete_topics([self.topic])[self.topic].result(30)
        deadline = time.monotonic() + 30
        while self.topic in self._admin.list_topics(timeout=10).topics:
            assert time.monotonic() < deadline, f"{self.topic} is not gone"
            time.sleep(0.1)

    def recreated(self) -> Changelog:
        self.delete()
        return Changelog(self.client["bootstrap.servers"], self.topic)
