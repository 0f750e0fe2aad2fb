"""The CRM poller on real topics against a simulated org: what the tests of polling stand on."""

from __future__ import annotations

import os
import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from pydantic import SecretStr

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.delivery import Delivery
from connectors.salesforce.memory import restore
from connectors.salesforce.outbox import Outbox
from connectors.salesforce.poller import poll_once, registered, transactional_id
from connectors.salesforce.settings import SalesforceSettings
from connectors.stack.endpoints import Endpoints
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import Topic, cursor_topic, source_topic, topics
from tests.unit.salesforce_org import OBJECTS, SECRET, Org, simulated_org

PARTITIONS = 4
LOOK_BACK_SECONDS = 60
PAGE_SIZE = 200


class Seen(NamedTuple):
    partition: int
    key: str
    record: str
    value: dict[str, Any]


@dataclass
class Polled:
    """A poller with topics of its own; change the org, `poll`, then look at what a reader sees."""

    stack: Endpoints
    org: Org
    settings: SalesforceSettings
    _delivery: Delivery = field(init=False)
    _outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What a new process does: fence, remember, go on."""
        client, system = self.settings.client, self.settings.system
        self._delivery = Delivery(client, transactional_id(self.settings)).__enter__()
        memory = restore(client, cursor_topic(system))
        encode = registered(self.settings)
        self._outbox = Outbox(system, PARTITIONS, LOOK_BACK_SECONDS, memory, encode, self._delivery)

    def poll(self) -> None:
        poll_once(self.settings, self.org.client, self._outbox)

    def seen(self, isolation: str = "read_committed") -> list[Seen]:
        """Everything on the source topic, each partition in its order."""
        codec = Codec(HttpRegistry(self.settings.registry_url))
        messages = read_to_end(self.settings.bootstrap_servers, source_topic(self.settings.system), isolation)
        return [Seen(partition, key.decode(), *codec.decode(value)) for partition, key, value in messages]

    def rows(self, isolation: str = "read_committed") -> list[dict[str, Any]]:
        return [seen.value for seen in self.seen(isolation) if seen.record == "PolledRow"]

    def told(self) -> Counter[tuple[str, str]]:
        """How often each (operation, row id) was told."""
        return Counter((row["operation"], row["id"]) for row in self.rows())

    def watermarks(self, object_name: str) -> set[int | None]:
        """The newest watermark of an object in each partition."""
        about = [s for s in self.seen() if s.record == "SourceProgress" and s.value["object"] == object_name]
        newest = {seen.partition: seen.value["watermark"] for seen in about}
        assert newest.keys() == set(range(PARTITIONS))
        return set(newest.values())


@contextmanager
def polled(stack: Endpoints) -> Iterator[Polled]:
    """A poller of a new, empty org as a system of its own; its topics go away afterwards."""
    system = f"crm-{uuid.uuid4().hex[:8]}"
    own = [
        topic for topic in topics((system,), (system,)) if topic.name in (source_topic(system), cursor_topic(system))
    ]
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    for made in admin.create_topics([_new(topic) for topic in own]).values():
        made.result(timeout=30)
    with simulated_org(token_seconds=3600) as org:
        yield Polled(
            stack,
            org,
            SalesforceSettings(
                system=system,
                base_url=org.simulator.base_url,
                client_id="driftwise",
                client_secret=SecretStr(SECRET),
                poll_interval_seconds=0.2,
                look_back_seconds=LOOK_BACK_SECONDS,
                page_size=PAGE_SIZE,
                objects=OBJECTS,
                bootstrap_servers=stack.kafka_bootstrap,
                registry_url=stack.registry_url,
                partitions=PARTITIONS,
            ),
        )
    for deleted in admin.delete_topics([topic.name for topic in own]).values():
        deleted.result(timeout=30)


def poll_and_die(settings: SalesforceSettings, transactions_before_death: int) -> None:
    """For a process of its own: polls, and is killed when the next transaction is produced but not committed."""
    left = transactions_before_death

    class Dying(Delivery):
        def _commit(self) -> None:
            nonlocal left
            if left == 0:
                self._producer.flush(30)
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            super()._commit()

    client = SalesforceClient(settings.base_url, settings.client_id, settings.client_secret)
    delivery = Dying(settings.client, transactional_id(settings)).__enter__()
    memory = restore(settings.client, cursor_topic(settings.system))
    encode = registered(settings)
    poll_once(settings, client, Outbox(settings.system, PARTITIONS, LOOK_BACK_SECONDS, memory, encode, delivery))


def read_to_end(bootstrap: str, topic: str, isolation: str) -> list[tuple[int, bytes, bytes]]:
    """All records of a topic that exist now, as (partition, key, value)."""
    reads = {"isolation.level": isolation, "enable.partition.eof": True, "enable.auto.commit": False}
    reads |= {"fetch.wait.max.ms": 10}  # the end is told by an empty fetch, which a waiting one seldom is
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, **reads})
    try:
        unread = set(consumer.list_topics(topic, 30).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in unread])
        found: list[tuple[int, bytes, bytes]] = []
        while unread:
            message = consumer.poll(30)
            assert message is not None, f"{topic} was not read to its end"
            if message.error() is None:
                found.append((message.partition(), message.key(), message.value()))
            else:
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                unread.discard(message.partition())
        return found
    finally:
        consumer.close()


def _new(topic: Topic) -> NewTopic:
    return NewTopic(topic.name, topic.partitions or PARTITIONS, 1, config=topic.config())
