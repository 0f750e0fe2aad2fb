"""A Kafka Connect that lets only those in whom it knows, over TLS: with a login, with a certificate, or not at all."""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from connectors.debezium.access import access
from connectors.debezium.apply import Connect, ConnectorStatus, TaskStatus
from connectors.errors import Refused, Retry, Stop
from tests.certificates import Certificate, make

LOGIN = {"basic.auth.user.info": "me:pass:word"}
RUNS = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}


class Asked(BaseHTTPRequestHandler):
    logins: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.logins.append(self.headers.get("authorization"))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(RUNS).encode())

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def serving(own: Certificate, *, wants_certificate: bool = False) -> Iterator[str]:
    context = own.server()
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(own.certificate)
    Asked.logins.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make(tmp_path_factory.mktemp("certificates"))


def status(url: str, client: dict[str, str]) -> ConnectorStatus | None:
    with Connect(url, client) as connect:
        return connect.status("driftwise-billing")


def test_who_logs_in_is_let_in_by_a_server_that_its_authority_vouches_for(own: Certificate) -> None:
    with serving(own) as url:
        found = status(url, LOGIN | {"ssl.ca.location": str(own.certificate)})

    assert found == ConnectorStatus("RUNNING", (TaskStatus("RUNNING"),))
    assert Asked.logins == ["Basic " + b64encode(b"me:pass:word").decode()]


def test_a_server_that_nobody_vouches_for_is_told_nothing(own: Certificate) -> None:
    with serving(own) as url, pytest.raises(Retry, match="cannot be reached"):
        status(url, LOGIN)

    assert Asked.logins == []


def test_who_is_asked_for_a_certificate_shows_it(own: Certificate) -> None:
    shown = {"ssl.certificate.location": str(own.certificate), "ssl.key.location": str(own.key)}
    with serving(own, wants_certificate=True) as url:
        found = status(url, {"ssl.ca.location": str(own.certificate), **shown})
        with pytest.raises(Retry):
            status(url, {"ssl.ca.location": str(own.certificate)})

    assert found is not None
    assert found.running


def test_a_setting_that_is_not_known_stops_with_those_that_are() -> None:
    with pytest.raises(Stop, match=r"DRIFTWISE_CONNECT__SSL__CIPHERS is not known.*CONNECT__BASIC__AUTH__USER__INFO"):
        access({"ssl.ciphers": "secret"})


@pytest.mark.parametrize("name", ["ssl.ca.location", "ssl.certificate.location"])
def test_a_file_that_is_no_certificate_stops_with_what_to_correct(name: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    for content in (None, "no certificate"):
        if content is not None:
            wrong.write_text(content)
        with pytest.raises(Stop, match=r"correct the DRIFTWISE_CONNECT__SSL__\* variables"):
            access({name: str(wrong)})


def test_a_password_in_the_address_is_not_told() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with (
        pytest.raises(Retry, match=r"https://\*\*\*@connect:8083 cannot be reached") as caught,
        Connect("https://me:hunter2@connect:8083", transport=httpx.MockTransport(unreachable)) as connect,
    ):
        connect.status("driftwise-billing")

    assert "hunter2" not in str(caught.value)


def test_who_is_not_let_in_reads_why() -> None:
    answer = httpx.Response(401, json={"message": "who are you?"})
    with pytest.raises(Refused, match=r"answered 401: who are you\?"):
        Connect("http://connect", transport=httpx.MockTransport(lambda request: answer)).status("driftwise-billing")
