"""A database under capture by a real connector, and what its topic says: what the tests of capture stand on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from connectors.debezium.apply import Connect
from connectors.debezium.capture import Capture
from connectors.debezium.connector import Database, connector_config
from connectors.debezium.database import prepare
from connectors.debezium.reader import reader
from connectors.stack.endpoints import Endpoints
from schemas.codec import Codec
from schemas.instants import from_datetime
from schemas.registry import HttpRegistry
from schemas.source import Heard, SourceEvent, SourceRow
from schemas.topics import source_topic

PARTITIONS = 4
SLACK_MICROS = 50_000
SQL_FOLDER = Path(__file__).parents[2] / "connectors" / "debezium" / "sql"


class Seen(NamedTuple):
    partition: int
    key: str | None
    event: SourceEvent


@contextmanager
def database(stack: Endpoints, name: str) -> Iterator[str]:
    """A database of its own, dropped afterwards; yields its connection string."""
    with psycopg.connect(stack.postgres.dsn("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield stack.postgres.dsn(name)
        finally:
            admin.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s", (name,)
            )
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def topic(stack: Endpoints, name: str) -> Iterator[None]:
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    admin.create_topics([NewTopic(name, PARTITIONS, 1)])[name].result(timeout=30)
    try:
        yield
    finally:
        admin.delete_topics([name])[name].result(timeout=30)


@dataclass
class Captured:
    """A captured database: write to it with `writer`, then `settle` and look at what was seen."""

    stack: Endpoints
    capture: Capture
    dsn: str
    writer: psycopg.Connection[tuple[object, ...]]
    connect: Connect
    consumer: Consumer
    config: Callable[[int], dict[str, str]]
    """Of its connector, with this epoch."""
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._codec = Codec(HttpRegistry(self.stack.registry_url))
        self._read = reader(self.capture.system, self.capture.tables, slack_micros=SLACK_MICROS)

    def settle(self, timeout_seconds: float = 30.0) -> None:
        """Until every partition was heard past this moment: then all that was committed before has been seen."""
        with psycopg.connect(self.dsn) as clock:
            (now,) = clock.execute("SELECT clock_timestamp()").fetchone() or ()
        instant = from_datetime(now)
        self.until(lambda: min(self.watermarks()) >= instant, timeout_seconds)

    def until(self, condition: Callable[[], bool], timeout_seconds: float = 30.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            assert time.monotonic() < deadline, f"not so after {timeout_seconds} s; last: {self.seen[-5:]}"
            self.poll()

    def poll(self) -> None:
        for message in self.consumer.consume(500, timeout=0.05):
            assert message.error() is None, message.error()
            self.seen.append(self._see(message))

    def _see(self, message: Any) -> Seen:
        decoded = self._codec.decode(message.value())
        event = self._read(decoded.record, decoded.value, dict(message.headers() or ()))
        return Seen(message.partition(), message.key() and message.key().decode(), event)

    def watermarks(self) -> list[int]:
        highest = [-1] * PARTITIONS
        for partition, _, event in self.seen:
            if isinstance(event, Heard) and event.watermark is not None:
                highest[partition] = max(highest[partition], event.watermark)
        return highest

    def epochs(self) -> set[int]:
        """In which the partitions were heard last."""
        heard = {s.partition: s.event for s in self.seen if isinstance(s.event, Heard)}
        return {event.epoch for event in heard.values()}

    def rows(self, *native_ids: str) -> list[SourceRow]:
        """All versions seen of these rows, in the order of arrival within each partition."""
        return [s.event for s in self.seen if isinstance(s.event, SourceRow) and s.event.native_id in native_ids]


@contextmanager
def captured(
    stack: Endpoints, capture: Capture, dsn: str, sql_file: Path | None = None, **config: str
) -> Iterator[Captured]:
    """Prepare the database, start a connector under a role of its own, and read the topic from its beginning.

    `config`: options that differ from the product's, with `_` for `.`."""
    role = f"capture_{capture.system}"
    prepare(dsn, capture, PARTITIONS, sql_file=sql_file, role=role)
    place = stack.postgres_for_connect
    seen_by_connect = Database(place.host, place.port, conninfo_to_dict(dsn)["dbname"], role)
    differing = {name.replace("_", "."): value for name, value in config.items()}

    def options(epoch: int) -> dict[str, str]:
        registry = stack.registry_for_connect
        return connector_config(capture, seen_by_connect, registry_url=registry, epoch=epoch) | differing

    with (
        topic(stack, source_topic(capture.system)),
        psycopg.connect(dsn, autocommit=True) as writer,
        Connect(stack.connect_url) as connect,
    ):
        consumer = _consumer(stack, source_topic(capture.system))
        try:
            connect.apply(capture.system, options(0))
            yield Captured(stack, capture, dsn, writer, connect, consumer, options)
        finally:
            consumer.close()
            _remove(connect, writer, capture)


def insert(connection: psycopg.Connection[tuple[object, ...]], table: str, **columns: object) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
    )
    connection.execute(statement, tuple(columns.values()))


def account(connection: psycopg.Connection[tuple[object, ...]], *ids: str) -> None:
    for id_ in ids:
        insert(connection, "account", id=id_, name=f"Customer {id_}", status="Active", currency="EUR")


def payments(connection: psycopg.Connection[tuple[object, ...]], customer: str, ids: Sequence[str]) -> None:
    for id_ in ids:
        insert(connection, "payment", id=id_, account_id=customer, status="settled", currency="EUR", amount="1.00")


def _consumer(stack: Endpoints, name: str) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": stack.kafka_bootstrap,
            "group.id": "unused: partitions are assigned by hand",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
    )
    consumer.assign([TopicPartition(name, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    return consumer


def _remove(connect: Connect, writer: psycopg.Connection[tuple[object, ...]], capture: Capture) -> None:
    connect.stop_and_wait(capture.system)
    connect.forget_position(capture.system)
    connect.delete(capture.system)
    deadline = time.monotonic() + 30
    active = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = %s AND active"
    while writer.execute(active, (capture.slot,)).fetchone() != (0,):
        assert time.monotonic() < deadline, f"slot {capture.slot} is still held"
        time.sleep(0.05)
