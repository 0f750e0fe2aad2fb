"""A schema registry that does not answer, or refuses: whoever needs it says so, and where, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import click
import pytest
from click.testing import CliRunner
from confluent_kafka.schema_registry import SchemaRegistryClient

from schemas import registry
from schemas.codec import Codec
from schemas.registry import HttpRegistry, NoRegistry, without_password
from streams.commands import roles
from streams.governance import load
from streams.worker import wiring

NOWHERE = "http://127.0.0.1:1"
ENVIRONMENT = {"DRIFTWISE_KAFKA_BOOTSTRAP": "127.0.0.1:1", "DRIFTWISE_REGISTRY_URL": NOWHERE} | {
    f"DRIFTWISE_CRM_{name}": NOWHERE for name in ("URL", "CLIENT_ID", "CLIENT_SECRET")
}


class Refusing(BaseHTTPRequestHandler):
    status = 401

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b'{"error_code": 40101, "message": "who are you?"}')

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def refusing() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client tries again for some seconds, which is its own affair."""
    monkeypatch.setattr(registry, "SchemaRegistryClient", lambda conf: SchemaRegistryClient(conf | {"max.retries": 0}))


@pytest.mark.usefixtures("asked_once")
def test_a_worker_whose_registry_does_not_answer_ends_and_says_where_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(roles, "begin", lambda: None)
    done = CliRunner().invoke(roles.worker, env=ENVIRONMENT)

    assert done.exit_code == 1
    assert f"Error: cannot start: no schema registry answers at {NOWHERE}" in done.output
    assert "check that it is up and reachable, and that DRIFTWISE_REGISTRY_URL names it" in done.output


def test_one_that_does_not_answer_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def register(_: HttpRegistry, subject: str, schema: str) -> int:
        asked.append(subject)
        raise NoRegistry(subject)

    monkeypatch.setattr(HttpRegistry, "register", register)
    with pytest.raises(NoRegistry):
        wiring.prepare(Codec(HttpRegistry(NOWHERE)), load())
    assert len(asked) == 1


def test_one_that_refuses_is_named_with_what_it_was_asked_and_said(refusing: str) -> None:
    with pytest.raises(NoRegistry, match=rf"at {refusing} was asked to register a and refuses: who are you\?"):
        HttpRegistry(refusing).register("a", '"string"')
    with pytest.raises(NoRegistry, match="was asked schema 7 and refuses"):
        HttpRegistry(refusing).schema_text(7)


def test_a_schema_that_it_does_not_have_is_no_fault_of_it(refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Refusing, "status", 404)
    with pytest.raises(LookupError):
        HttpRegistry(refusing).schema_text(7)


def test_an_address_where_nothing_can_be_registered_is_named(refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a registry without the path of its interface."""
    monkeypatch.setattr(Refusing, "status", 404)
    with pytest.raises(NoRegistry, match=rf"at {refusing} was asked to register a and refuses"):
        HttpRegistry(refusing).register("a", '"string"')


def test_it_is_told_who_asks(refusing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_by: list[str | None] = []
    monkeypatch.setattr(
        Refusing, "do_GET", lambda self: (asked_by.append(self.headers["Authorization"]), Refusing.do_POST(self))
    )
    in_address = refusing.replace("http://", "http://us:pass@")
    for registry_ in (HttpRegistry(refusing, {"basic.auth.user.info": "us:pass"}), HttpRegistry(in_address)):
        with pytest.raises(NoRegistry) as caught:
            registry_.schema_text(7)
        assert "us:pass" not in str(caught.value)
    assert asked_by == ["Basic dXM6cGFzcw=="] * 2


def test_a_setting_that_its_client_does_not_know_is_named() -> None:
    with pytest.raises(NoRegistry, match=r"cannot be made \(.*foo.*\): correct the DRIFTWISE_REGISTRY__\* variables"):
        HttpRegistry(NOWHERE, {"foo": "1"})


def refuse(*_: Any, **__: Any) -> None:
    raise NoRegistry("no schema registry answers at X")


@pytest.mark.parametrize(
    ("command", "args", "place"),
    [
        (roles.topics, [], (roles.wiring, "register")),
        (roles.poll, ["crm"], (roles.poller, "run")),
        (roles.execute, [], (roles, "Executor")),
    ],
    ids=["topics", "poll", "execute"],
)
def test_every_role_tells_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, command: click.Command, args: list[str], place: tuple[Any, str]
) -> None:
    instead: dict[tuple[Any, str], Callable[..., Any]] = {
        (roles.wiring, "create_topics"): lambda *_, **__: [],
        (roles, "begin"): lambda: None,
        (roles, "stop_on_signals"): lambda: None,
        place: refuse,
    }
    for (owner, name), value in instead.items():
        monkeypatch.setattr(owner, name, value)
    done = CliRunner().invoke(command, args, env=ENVIRONMENT)

    assert (done.exit_code, done.output) == (1, "Error: no schema registry answers at X\n")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://s:t@registry:8443/apis", "https://***@registry:8443/apis"),
        ("http://registry/apis?a=b@c", "http://registry/apis?a=b@c"),
    ],
)
def test_only_who_asks_is_left_out_of_an_address(url: str, shown: str) -> None:
    assert without_password(url) == shown
