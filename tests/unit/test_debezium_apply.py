"""Kafka Connect's REST API as a busy, failing, refusing partner; the real one is in the integration tests."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from connectors.debezium.apply import Connect
from connectors.debezium.capture import Capture, Columns
from connectors.debezium.connector import Database, connector_config
from connectors.debezium.recapture import refuse_older_copy
from connectors.errors import Refused, Retry, Stop

CONFIG = {"connector.class": "io.debezium.connector.postgresql.PostgresConnector"}
RUNNING = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}
FAILED = {
    "connector": {"state": "RUNNING"},
    "tasks": [{"id": 0, "state": "FAILED", "trace": "DebeziumException: slot is gone\n\tat Postgres"}],
}


class Cluster:
    """Plays Kafka Connect: `answers` are given in turn for a method and path, the last one for ever."""

    def __init__(self, answers: dict[str, list[httpx.Response]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        what = f"{request.method} {request.url.path}"
        self.asked.append(what)
        answers = self.answers[what]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self) -> Connect:
        return Connect("http://connect", transport=httpx.MockTransport(self))


def answer(status: int, body: object = None) -> httpx.Response:
    return httpx.Response(status, text="" if body is None else json.dumps(body))


def cluster(**answers: list[httpx.Response]) -> Cluster:
    paths = {
        "config": "GET /connectors/billing/config",
        "put": "PUT /connectors/billing/config",
        "status": "GET /connectors/billing/status",
        "restart": "POST /connectors/billing/restart",
    }
    return Cluster({paths[name]: answer for name, answer in answers.items()})


def test_a_new_connector_is_created_and_waited_for() -> None:
    played = cluster(config=[answer(404)], put=[answer(201, {})], status=[answer(404), answer(200, RUNNING)])
    played.connect().apply("billing", CONFIG)

    assert "PUT /connectors/billing/config" in played.asked


def test_an_equal_configuration_is_not_written_again() -> None:
    """Writing it would restart the connector."""
    played = cluster(config=[answer(200, CONFIG | {"name": "billing"})], status=[answer(200, RUNNING)])
    played.connect().apply("billing", CONFIG)

    assert "PUT /connectors/billing/config" not in played.asked


@pytest.mark.parametrize(
    ("database", "connector", "refused"), [(6, 7, True), (0, 7, True), (7, 7, False), (8, 7, False)]
)
def test_a_database_of_before_the_last_snapshot_is_a_copy_and_is_not_captured(
    database: int, connector: int, refused: bool
) -> None:
    """What it tells would be older than all that was captured since."""
    capture = Capture("billing", {"account": Columns("id", "id")})
    config = connector_config(capture, Database("db", 5432, "billing", "debezium"), epoch=connector)
    played = cluster(config=[answer(503), answer(200, config)])
    if refused:
        with pytest.raises(Stop, match="driftwise connect snapshot billing"):
            refuse_older_copy(played.connect(), "billing", "billing", database)
    else:
        refuse_older_copy(played.connect(), "billing", "billing", database)


@pytest.mark.parametrize("config", [answer(404), answer(200, CONFIG)], ids=["no connector", "of the first snapshot"])
def test_a_database_that_was_captured_once_at_most_is_no_copy(config: httpx.Response) -> None:
    refuse_older_copy(cluster(config=[config]).connect(), "billing", "billing", 0)


STOPPED = {"connector": {"state": "STOPPED"}, "tasks": []}


@pytest.mark.parametrize(
    ("act", "asked", "state"),
    [
        (Connect.forget_position, "DELETE /connectors/billing/offsets", STOPPED),
        (Connect.stop_and_wait, "PUT /connectors/billing/stop", STOPPED),
        (Connect.resume_and_wait, "PUT /connectors/billing/resume", RUNNING),
    ],
)
def test_what_is_asked_amid_a_rebalance_is_asked_again(
    act: Callable[[Connect, str], None], asked: str, state: object
) -> None:
    """A configuration that was written right before has the cluster busy."""
    answers = {
        asked: [answer(409), answer(202, {})],
        "GET /connectors/billing/status": [answer(503), answer(200, state)],
    }
    played = Cluster(answers)
    act(played.connect(), "billing")

    assert played.asked.count(asked) == 2


def test_a_connector_that_does_not_stop_in_time_is_named_with_its_state() -> None:
    played = Cluster(
        {"PUT /connectors/billing/stop": [answer(202)], "GET /connectors/billing/status": [answer(200, RUNNING)]}
    )
    with pytest.raises(Stop, match="Connector billing does not stop: RUNNING, RUNNING"):
        played.connect().stop_and_wait("billing", timeout_seconds=0.2)


def test_a_rebalance_is_waited_out() -> None:
    played = cluster(
        config=[answer(409), answer(404)],
        put=[answer(409, {"message": "rebalance in process"}), answer(201, {})],
        status=[answer(503), answer(200, RUNNING)],
    )
    played.connect().apply("billing", CONFIG)

    assert played.asked.count("PUT /connectors/billing/config") == 2


def test_a_failed_task_is_restarted() -> None:
    played = cluster(status=[answer(200, FAILED), answer(200, RUNNING)], restart=[answer(202, {})])
    played.connect().wait_running("billing")

    assert "POST /connectors/billing/restart" in played.asked


def test_a_connector_that_does_not_run_in_time_is_named_with_its_cause() -> None:
    played = cluster(status=[answer(200, FAILED)], restart=[answer(202, {})])
    with pytest.raises(
        Stop, match=r"Connector billing does not run \(RUNNING, FAILED: DebeziumException: slot is gone\)"
    ):
        played.connect().wait_running("billing", timeout_seconds=0.2)


def test_a_connector_without_a_task_does_not_run_yet() -> None:
    played = cluster(status=[answer(200, RUNNING | {"tasks": []})])
    with pytest.raises(Stop):
        played.connect().wait_running("billing", timeout_seconds=0.2)


def test_an_invalid_configuration_is_refused_at_once() -> None:
    played = cluster(config=[answer(404)], put=[answer(400, {"message": "slot.name is invalid"})])
    with pytest.raises(Refused, match=r"slot\.name is invalid"):
        played.connect().apply("billing", CONFIG)


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize("call", [Connect.status, Connect.pause, Connect.resume, Connect.restart_failed])
def test_a_connect_that_cannot_be_reached_may_be_asked_again(call: Callable[[Connect, str], object]) -> None:
    with pytest.raises(Retry, match="cannot be reached"):
        call(Connect("http://connect", transport=httpx.MockTransport(unreachable)), "billing")
