"""Verification reads committed records: it waits for the transactions that hold some back, and for none for ever."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Timer
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from connectors.stack import Endpoints
from streams.look.read import CannotLook, Cluster
from streams.settings import Settings
from streams.verify import transactions
from streams.verify.transactions import Transactions


@pytest.fixture(scope="module")
def settings(stack: Endpoints) -> Settings:
    return Settings(stack.kafka_bootstrap, stack.registry_url)


@pytest.fixture
def topic(settings: Settings) -> Iterator[str]:
    name = f"transactions-{uuid4().hex}"
    admin = AdminClient(settings.client)
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(timeout=30)
    yield name
    admin.delete_topics([name])[name].result(timeout=30)


@pytest.fixture
def opened(settings: Settings, topic: str) -> Producer:
    """A producer in the middle of a transaction, with a record in one partition."""
    producer = Producer(settings.client | {"transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"v", "held", 1)
    assert producer.flush(10) == 0
    return producer


def test_what_an_open_transaction_holds_back_is_waited_for(settings: Settings, topic: str, opened: Producer) -> None:
    Timer(1.0, opened.commit_transaction, [10]).start()
    assert list(Cluster(settings).raw(topic)) == []

    Transactions(settings.client).await_end([topic])

    assert [record.key for record in Cluster(settings).raw(topic)] == ["held"]


def test_a_transaction_that_nobody_ends_is_named_with_the_remedy(
    settings: Settings, topic: str, opened: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "OPEN_SECONDS_MAX", 0.5)

    with pytest.raises(CannotLook, match=rf"open in {topic}-1 for .* `kafka-transactions abort`"):
        Transactions(settings.client).await_end([topic])
    opened.abort_transaction(10)
