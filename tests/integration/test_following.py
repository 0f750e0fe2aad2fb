"""Following a topic on a real broker: what was committed, all of it, and nothing else."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from connectors.stack import Endpoints
from streams import following as module
from streams.following import CannotFollow, Following
from streams.settings import Settings


@pytest.fixture
def settings(stack: Endpoints) -> Settings:
    return Settings(stack.kafka_bootstrap, stack.registry_url)


@pytest.fixture
def topic(settings: Settings) -> Iterator[str]:
    name = f"followed-{uuid.uuid4().hex[:8]}"
    admin = AdminClient(settings.client)
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(timeout=30)
    yield name
    admin.delete_topics([name])[name].result(timeout=30)


def producer(settings: Settings, topic: str) -> Producer:
    made = Producer(settings.client | {"transactional.id": f"{topic}-{uuid.uuid4().hex}"})
    made.init_transactions(30)
    return made


def say(made: Producer, topic: str, *values: str, commit: bool = True) -> None:
    made.begin_transaction()
    for number, value in enumerate(values):
        made.produce(topic, value.encode(), partition=number % 2)
    made.flush(10)
    if commit:
        made.commit_transaction(10)
    else:
        made.abort_transaction(10)


def said(following: Following) -> list[str]:
    return sorted((message.value() or b"").decode() for message in following.news())


def comes(following: Following, *values: str) -> bool:
    """In one look or several: a committed record shows when its partition has the mark of that, each by itself."""
    seen, deadline = list[str](), time.monotonic() + 10
    while sorted(seen) != sorted(values) and len(seen) <= len(values) and time.monotonic() < deadline:
        seen += said(following)
    return sorted(seen) == sorted(values)


def test_each_look_shows_what_was_committed_since_the_last(settings: Settings, topic: str) -> None:
    made, following = producer(settings, topic), Following(settings, topic, 2)
    assert said(following) == []

    say(made, topic, "a", "b")
    assert comes(following, "a", "b")
    assert said(following) == []

    say(made, topic, "never", "said", commit=False)
    assert said(following) == []
    for number in range(20):
        say(made, topic, f"c{number}", f"d{number}")
        assert comes(following, f"c{number}", f"d{number}")
    following.close()


def test_a_transaction_that_is_open_hides_what_follows_it_for_as_long(settings: Settings, topic: str) -> None:
    made, other, following = producer(settings, topic), producer(settings, topic), Following(settings, topic, 2)
    made.begin_transaction()
    made.produce(topic, b"open", partition=0)
    made.flush(10)
    say(other, topic, "behind", "beside")

    assert comes(following, "beside")
    assert said(following) == []
    made.commit_transaction(10)
    assert comes(following, "behind", "open")
    following.close()


def test_a_broker_that_is_not_there_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.5)
    following = Following(Settings("127.0.0.1:1", ""), "q2c.drifts", 1)

    with pytest.raises(CannotFollow, match="is the broker there"):
        said(following)
    following.close()
