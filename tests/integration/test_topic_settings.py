"""Topics at a real broker that would lose records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource  # type: ignore[attr-defined]

from connectors.stack import Endpoints
from schemas.topics import AUDIT, CHANGES, DRIFTS
from streams.governance import load
from streams.settings import Settings
from streams.worker import wiring
from tests.integration.deployment import delete_topics
from tests.integration.test_salesforce_poller import wait_until


@pytest.fixture
def settings(stack: Endpoints) -> Iterator[Settings]:
    """All topics are there."""
    found = Settings(stack.kafka_bootstrap, stack.registry_url)
    created = wiring.create_topics(found, load())
    yield found
    delete_topics(found, created)


def alter(settings: Settings, topic: str, key: str, value: str) -> None:
    entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient(settings.client)  # must outlive the answer
    admin.incremental_alter_configs([resource])[resource].result(timeout=30)
    wait_until(lambda: _config(admin, topic)[key].value == value, f"{topic} has {key}={value}")


def _config(admin: AdminClient, topic: str) -> dict[str, ConfigEntry]:
    """As the broker that is asked knows it: the controller has it a moment before."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    found: dict[str, ConfigEntry] = admin.describe_configs([resource])[resource].result(timeout=30)
    return found


def test_what_would_lose_records_is_refused_as_long_as_it_is_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    alter(settings, DRIFTS, "cleanup.policy", "compact,delete")
    alter(settings, CHANGES, "retention.ms", "1000000")
    alter(settings, AUDIT, "retention.ms", "-1")

    for ask in (wiring.check_topics, wiring.create_topics):
        with pytest.raises(wiring.TopicMismatch, match=rf"{DRIFTS} has cleanup"):
            ask(settings, load())
    assert f"{AUDIT} keeps records for longer" in caplog.text
    assert f"{CHANGES} keeps records for less time" in caplog.text

    alter(settings, DRIFTS, "cleanup.policy", "compact")
    alter(settings, CHANGES, "retention.ms", "2592000000")
    wiring.check_topics(settings, load())
