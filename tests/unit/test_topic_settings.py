"""Topics that are there: what would lose records stops a worker, how long others are kept is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from schemas.topics import AUDIT, AUDIT_RETENTION, CHANGES, COMMANDS, DAY, DRIFTS, KEPT, REPLAY_WINDOW, Topic, topics
from streams.governance.load import load
from streams.settings import Settings
from streams.worker import wiring
from streams.worker.topic_settings import losing, otherwise

BY_NAME = {topic.name: topic for topic in topics(("crm",))}
FOR_EVER = "-1"


def days(number: float) -> str:
    return str(round(number * DAY * 1000))


def told(name: str, **but: str) -> tuple[str, str]:
    """Of a topic that is as it must be but for this: what stops a worker, and what is only said."""
    topic = BY_NAME[name]
    found = topic.config() | {key.replace("_", "."): value for key, value in but.items()}
    return "\n".join(losing(topic, found)), "\n".join(otherwise(topic, found))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_topic_as_it_was_created_is_in_order(name: str) -> None:
    assert told(name) == ("", "")


@pytest.mark.parametrize(
    ("name", "policy", "lost"),
    [
        (DRIFTS, "delete", "would delete records"),
        (DRIFTS, "compact,delete", "would delete records"),
        (CHANGES, "compact", "one record of each key"),
        ("src.crm", "delete, compact", "one record of each key"),
    ],
)
def test_another_cleanup_loses_records(name: str, policy: str, lost: str) -> None:
    stops, _ = told(name, cleanup_policy=policy)

    assert f"topic {name} has cleanup.policy={policy} and needs {BY_NAME[name].cleanup}" in stops
    assert lost in stops
    assert f"--entity-name {name} --add-config cleanup.policy={BY_NAME[name].cleanup}" in stops


def test_what_is_kept_for_less_time_than_is_governed_is_told_with_both_remedies() -> None:
    stops, said = told(CHANGES, retention_ms=days(7))

    assert stops == ""
    assert said.startswith(
        f"topic {CHANGES} keeps records for less time than replay_window_seconds of systems.yaml says"
    )
    assert f"--add-config retention.ms={days(30)}" in said
    assert said.endswith("or govern replay_window_seconds: 604800")


def test_what_is_kept_for_longer_is_only_told() -> None:
    stops, said = told(AUDIT, retention_ms=FOR_EVER)

    assert stops == ""
    assert "for longer than audit_retention_seconds of systems.yaml says" in said
    assert said.endswith("or govern audit_retention_seconds: null")


def test_of_what_nobody_governs_only_the_topic_can_be_altered() -> None:
    _, said = told(COMMANDS, retention_ms=days(1))

    assert "less time than driftwise needs" in said
    assert "govern" not in said


def test_what_is_governed_for_ever_is_so_at_the_broker() -> None:
    audit = next(t for t in topics((), kept=KEPT | {AUDIT_RETENTION: None}) if t.name == AUDIT)

    assert audit.config()["retention.ms"] == FOR_EVER
    assert "less time" in "".join(otherwise(audit, audit.config() | {"retention.ms": days(9999)}))


def test_how_long_a_compacted_topic_would_keep_what_it_deletes_does_not_matter() -> None:
    assert told(DRIFTS, retention_ms=days(1)) == ("", "")


def test_what_a_broker_does_not_tell_is_not_held_against_a_topic() -> None:
    assert [*losing(BY_NAME[CHANGES], {}), *otherwise(BY_NAME[CHANGES], {})] == []


def test_what_is_governed_reaches_the_topics() -> None:
    governed = load().model_copy(update={REPLAY_WINDOW: 7 * DAY, AUDIT_RETENTION: 365 * DAY})
    kept = {t.name: t.config().get("retention.ms") for t in wiring.all_topics(governed)}

    assert {kept[name] for name in (CHANGES, "q2c.links", "q2c.business-keys", "src.crm", "src.erp")} == {days(7)}
    assert (kept[AUDIT], kept[COMMANDS], kept[DRIFTS]) == (days(365), days(30), None)


class Broker:
    """Has every topic that is wanted, but for what is said."""

    def __init__(self, wanted: tuple[Topic, ...], **otherwise: dict[str, str] | KafkaError) -> None:
        self._wanted = {topic.name: topic for topic in wanted}
        self._otherwise = {name.replace("_", "."): said for name, said in otherwise.items()}

    def list_topics(self, **_: Any) -> Any:
        partitions = {name: range(topic.partitions or load().partitions) for name, topic in self._wanted.items()}
        return SimpleNamespace(topics={n: SimpleNamespace(partitions=found) for n, found in partitions.items()})

    def describe_configs(self, asked: list[Any], **_: Any) -> dict[Any, Any]:
        return {resource: SimpleNamespace(result=lambda name=resource.name: self._answer(name)) for resource in asked}

    def _answer(self, name: str) -> dict[str, Any]:
        said = self._otherwise.get(name, {})
        if isinstance(said, KafkaError):
            raise KafkaException(said)
        return {
            key: SimpleNamespace(name=key, value=value) for key, value in (self._wanted[name].config() | said).items()
        }


def check(monkeypatch: pytest.MonkeyPatch, **otherwise: dict[str, str] | KafkaError) -> None:
    governed = load()
    monkeypatch.setattr(wiring, "AdminClient", lambda _: Broker(wiring.all_topics(governed), **otherwise))
    wiring.check_topics(Settings("", ""), governed)


def test_a_worker_begins_where_all_is_kept_for_another_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    check(monkeypatch, q2c_changes={"retention.ms": days(90)}, src_erp={"retention.ms": days(7)})

    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "topic src.erp keeps records for less time than replay_window_seconds of systems.yaml says",
        "topic q2c.changes keeps records for longer than replay_window_seconds of systems.yaml says",
    ]


def test_a_worker_does_not_begin_where_records_would_be_lost_and_says_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(wiring.TopicMismatch) as stopped:
        check(monkeypatch, q2c_drifts={"cleanup.policy": "delete"}, src_erp={"cleanup.policy": "compact"})

    assert [line.split()[1] for line in str(stopped.value).splitlines()] == ["src.erp", "q2c.drifts"]


def test_where_nobody_may_ask_the_worker_begins_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    check(monkeypatch, q2c_audit=KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    assert "whether q2c.audit is kept as long as it must be is not known" in caplog.text


def test_any_other_refusal_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KafkaException):
        check(monkeypatch, q2c_audit=KafkaError(KafkaError.INVALID_REQUEST))
