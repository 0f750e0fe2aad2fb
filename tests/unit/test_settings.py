"""Settings: one place reads the environment; what is missing is named with every place that was searched."""

from __future__ import annotations

import logging
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from streams.settings import CLIENT_LOG, PREFIX, BadSetting, MissingSetting, Settings, from_environment

NEEDED = {"DRIFTWISE_KAFKA_BOOTSTRAP": "broker:9092", "DRIFTWISE_REGISTRY_URL": "http://registry"}
SECRET = "hunter2-hunter2"


def settings(given: dict[str, Any] | None = None, **variables: str) -> Settings:
    return from_environment(NEEDED | {PREFIX + name: value for name, value in variables.items()}, **(given or {}))


def test_what_is_not_set_has_its_default() -> None:
    assert settings() == Settings("broker:9092", "http://registry")


def test_what_a_kafka_client_says_is_logged_and_not_printed(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    client, deadline = AdminClient(settings(KAFKA_BOOTSTRAP="127.0.0.1:1").client), time.monotonic() + 10
    while not caplog.records and time.monotonic() < deadline:
        client.poll(0.1)

    assert "Connection refused" in caplog.text
    assert {(record.name, record.levelno) for record in caplog.records} == {("librdkafka", logging.ERROR)}
    assert capfd.readouterr().err == ""


VARIABLES: dict[str, tuple[str, str, Any]] = {
    # field: variable, text, value
    "kafka_bootstrap": ("KAFKA_BOOTSTRAP", "other:1", "other:1"),
    "registry_url": ("REGISTRY_URL", "http://other", "http://other"),
    "application": ("APPLICATION", "drift2", "drift2"),
    "data_folder": ("DATA", "/var/data", Path("/var/data")),
    "governance_folders": ("GOVERNANCE", "/a:/b", (Path("/a"), Path("/b"))),
    "kafka_client": ("KAFKA__SASL__MECHANISM", "PLAIN", {"sasl.mechanism": "PLAIN"}),
    "registry_client": ("REGISTRY__SSL__CA__LOCATION", "/ca.pem", {"ssl.ca.location": "/ca.pem"}),
    "connect_client": ("CONNECT__BASIC__AUTH__USER__INFO", "me:secret", {"basic.auth.user.info": "me:secret"}),
    "commit_interval_seconds": ("COMMIT_INTERVAL_SECONDS", "1.5", 1.5),
    "commit_gap_seconds": ("COMMIT_GAP_SECONDS", "0.5", 0.5),
    "session_timeout_seconds": ("SESSION_TIMEOUT_SECONDS", "6", 6.0),
    "instance_id": ("INSTANCE_ID", "one", "one"),
    "standby_replicas": ("STANDBY_REPLICAS", "2", 2),
    "metrics_host": ("METRICS_HOST", "0.0.0.0", "0.0.0.0"),
    "metrics_port": ("METRICS_PORT", "9100", 9100),
    "dead_letter_flood": ("DEAD_LETTER_FLOOD", "5", 5),
    "stuck_after_seconds": ("STUCK_AFTER_SECONDS", "7", 7.0),
}


@pytest.mark.parametrize("field", [f.name for f in fields(Settings)])
def test_every_setting_has_a_variable(field: str) -> None:
    variable, text, value = VARIABLES[field]

    assert getattr(settings(**{variable: text}), field) == value


def test_what_is_given_wins_over_the_environment_and_none_does_not() -> None:
    assert settings({"application": "given"}, APPLICATION="set").application == "given"
    assert settings({"application": None}, APPLICATION="set").application == "set"


@pytest.mark.parametrize("field", [field for field in VARIABLES if field not in ("kafka_bootstrap", "registry_url")])
def test_an_empty_variable_is_not_set(field: str) -> None:
    """An empty host, for one, would mean every interface."""
    variable, _, _ = VARIABLES[field]

    assert settings(**{variable: ""}) == settings()


@pytest.mark.parametrize(
    ("name", "what"), [("kafka_bootstrap", "the Kafka cluster"), ("registry_url", "the schema registry")]
)
def test_what_is_missing_is_named_with_every_place_that_was_searched(name: str, what: str) -> None:
    variable = PREFIX + name.upper()
    environment = {key: value for key, value in NEEDED.items() if key != variable}

    with pytest.raises(MissingSetting) as caught:
        from_environment(environment)

    with pytest.raises(MissingSetting):
        from_environment(NEEDED | {variable: ""})
    for place in (what, variable, "driftwise stack up", "endpoints"):
        assert place in str(caught.value)


def test_client_settings_of_kafka_are_named_as_librdkafka_names_them() -> None:
    found = settings(KAFKA__SECURITY__PROTOCOL="SASL_SSL", KAFKA__SASL__USERNAME="me").client

    assert found == {
        "bootstrap.servers": "broker:9092",
        "client.id": "driftwise",
        "logger": CLIENT_LOG,
        "security.protocol": "SASL_SSL",
        "sasl.username": "me",
    }


def test_a_secret_is_read_from_the_file_that_its_variable_names(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(SECRET + "\n")

    found = settings(KAFKA__SASL__PASSWORD__FILE=str(tmp_path / "password"))

    assert found.kafka_client == {"sasl.password": SECRET}


def test_secrets_are_not_shown() -> None:
    url = f"https://us:{SECRET}@registry"
    found = settings(KAFKA__SASL__PASSWORD=SECRET, REGISTRY__BASIC__AUTH__USER__INFO=f"us:{SECRET}", REGISTRY_URL=url)

    assert found.client["sasl.password"] == SECRET
    assert found.registry_client == {"basic.auth.user.info": f"us:{SECRET}"}
    assert SECRET not in repr(found)
    assert SECRET not in str(found)


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(BadSetting, match="DRIFTWISE_DEAD_LETTER_FLOOD is 'many': set it to a whole number"):
        settings(DEAD_LETTER_FLOOD="many")


def test_a_file_that_cannot_be_read_is_refused_with_its_variable() -> None:
    with pytest.raises(BadSetting, match=r"DRIFTWISE_KAFKA__SASL__PASSWORD__FILE names /nowhere/at/all, which cannot"):
        settings(KAFKA__SASL__PASSWORD__FILE="/nowhere/at/all")


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        settings().application = "other"  # type: ignore[misc]
