"""The embedded stack with its real services: what it serves, and that nothing of it is ever left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import psycopg
import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from connectors.stack import Endpoints, down, load, status, up
from connectors.stack.processes import Processes
from tests.stack import ROOT

SERVICES = {"kafka", "postgres", "registry", "connect"}
PARENT = """
import sys, time
from connectors.stack import up
up(sys.argv[1], progress=lambda line: print(line, flush=True), attached=sys.argv[2] == "attached")
print("up", flush=True)
time.sleep(600)
"""


T = TypeVar("T")


def eventually(ask: Callable[[], T | None], seconds: float = 30) -> T:
    """The first answer that says something, within a deadline."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return answer


def living(folder: Path) -> set[str]:
    return set(Processes(folder).living())


@contextmanager
def parent(folder: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """Another Python that starts the stack and stays; its lines of progress can be read."""
    command = [sys.executable, "-c", PARENT, str(folder), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if word in line:
            return
    raise AssertionError(f"it ended without saying {word!r}:\n{''.join(said)}")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """For a stack of the test's own; whatever the test does, nothing stays."""
    place = tmp_path / "own"
    yield place
    down(place, delete_data=True)


def test_a_row_committed_in_postgres_is_read_as_an_avro_record(stack: Endpoints) -> None:
    topic = "probe.public.payment"
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    admin.create_topics([NewTopic(topic, 4, 1)])[topic].result()
    with psycopg.connect(stack.postgres.dsn("billing"), autocommit=True) as billing:
        billing.execute("CREATE TABLE payment (id int PRIMARY KEY, amount numeric(12, 2), payer text)")
        with debezium(stack, "probe", table="public.payment"):
            billing.execute("INSERT INTO payment VALUES (1, 12.30, 'Zoë')")
            record = first_record(stack, topic)
        billing.execute("DROP TABLE payment")
    assert record["after"] == {"id": 1, "amount": Decimal("12.30"), "payer": "Zoë"}
    assert record["op"] in {"c", "r"}
    assert (record["source"]["db"], record["source"]["table"]) == ("billing", "payment")


@contextmanager
def debezium(stack: Endpoints, name: str, table: str) -> Iterator[None]:
    """A connector on the billing database, registered through Connect's REST interface."""
    place = stack.postgres_for_connect
    config = {
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "database.hostname": place.host,
        "database.port": str(place.port),
        "database.user": place.user,
        "database.password": "",
        "database.dbname": "billing",
        "plugin.name": "pgoutput",
        "slot.name": f"{name}_slot",
        "publication.name": f"{name}_publication",
        "publication.autocreate.mode": "filtered",
        "table.include.list": table,
        "topic.prefix": name,
        "slot.drop.on.stop": "true",
    }
    with httpx.Client(base_url=stack.connect_url, timeout=30, trust_env=False) as connect:
        connect.put(f"/connectors/{name}/config", json=config).raise_for_status()
        try:
            yield
        finally:
            connect.delete(f"/connectors/{name}").raise_for_status()


def first_record(stack: Endpoints, topic: str) -> dict[str, Any]:
    consumer = Consumer(
        {"bootstrap.servers": stack.kafka_bootstrap, "group.id": f"read-{topic}", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        message = eventually(lambda: consumer.poll(0.5), seconds=60)
        assert message.error() is None
        decode = AvroDeserializer(SchemaRegistryClient({"url": stack.registry_url, "timeout": 10}))
        record = decode(message.value(), SerializationContext(topic, MessageField.VALUE))
        assert isinstance(record, dict)
        return record
    finally:
        consumer.close()


def test_topics_are_not_made_by_accident(stack: Endpoints) -> None:
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    admin.list_topics("nobody.made.this", timeout=10)  # with the broker's default, asking would make it
    assert "nobody.made.this" not in admin.list_topics(timeout=10).topics


def test_the_databases_that_are_declared_are_there(stack: Endpoints) -> None:
    for database in ("billing", "erp"):
        with psycopg.connect(stack.postgres.dsn(database)) as connection:
            assert connection.execute("SHOW wal_level").fetchone() == ("logical",)


def test_it_survives_its_parents_death_only_as_long_as_it_should(folder: Path) -> None:
    """One story, as each start costs seconds: found again, killed with its parent, started offline, repaired by the
    command, which shows and stops it too."""
    with parent(folder, "attached") as process:
        wait_for(process, "the stack is up")
        first = eventually(lambda: load(folder))
        assert_listens_on_loopback_only(folder)

        started = time.monotonic()
        assert up(folder) == first, "a second start finds the first"
        assert time.monotonic() - started < 5
        assert {service.state for service in status(folder)} == {"ready"}

        leave_a_trace(first)
    eventually(lambda: not living(folder))
    assert {service.state for service in status(folder)} == {"down"}

    with no_network(), parent(folder, "detached") as process:
        wait_for(process, "the stack is up")
    assert living(folder) == SERVICES, "detached services stay when their parent is killed"
    again = load(folder)
    assert again == first, "the same ports, too"
    assert_trace_is_there(again)

    Processes(folder).living()["kafka"].kill()
    assert "kafka 127.0.0.1:" in by_command(folder, "up")
    assert living(folder) == SERVICES
    assert by_command(folder, "status").count(" ready ") == len(SERVICES)
    assert_trace_is_there(load(folder))

    by_command(folder, "down")
    assert by_command(folder, "status").count(" down ") == len(SERVICES)
    assert living(folder) == set()


def by_command(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "connectors.stack", *arguments, "--folder", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=240).stdout


def leave_a_trace(endpoints: Endpoints) -> None:
    admin = AdminClient({"bootstrap.servers": endpoints.kafka_bootstrap})
    admin.create_topics([NewTopic("trace", 4, 1)])["trace"].result()
    SchemaRegistryClient({"url": endpoints.registry_url, "timeout": 10}).register_schema(
        "trace", Schema('"string"', "AVRO")
    )
    with psycopg.connect(endpoints.postgres.dsn("erp"), autocommit=True) as erp:
        erp.execute("CREATE TABLE trace (id int)")


def assert_trace_is_there(endpoints: Endpoints) -> None:
    topics = AdminClient({"bootstrap.servers": endpoints.kafka_bootstrap}).list_topics(timeout=10).topics
    assert len(topics["trace"].partitions) == 4
    assert "trace" in SchemaRegistryClient({"url": endpoints.registry_url, "timeout": 10}).get_subjects()
    with psycopg.connect(endpoints.postgres.dsn("erp")) as erp:
        assert erp.execute("SELECT count(*) FROM trace").fetchone() == (0,)


@contextmanager
def no_network() -> Iterator[None]:
    """Every HTTP client that asks a proxy, as all do that go outside, meets a port where nothing listens."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            for spelling in (name, name.upper()):
                patch.setenv(spelling, "http://127.0.0.1:9")
        yield


def assert_listens_on_loopback_only(folder: Path) -> None:
    for process in Processes(folder).living().values():
        listening = [each for each in process.net_connections("inet") if each.status == psutil.CONN_LISTEN]
        assert listening
        assert {each.laddr.ip for each in listening} <= {"127.0.0.1", "::ffff:127.0.0.1"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing_running(folder: Path, number: signal.Signals) -> None:
    with parent(folder, "detached") as process:
        wait_for(process, "postgres ready")
        assert living(folder)
        os.kill(process.pid, number)
        process.wait(timeout=60)
        assert process.returncode != 0
    assert living(folder) == set()
