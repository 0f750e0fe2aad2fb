"""The worker's consumer goes into the cluster with the settings that all librdkafka clients have."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from threading import Thread

import faust
import pytest

from streams.settings import BadSetting
from streams.worker.credentials import credentials
from tests.certificates import Certificate, make

USER = {"sasl.username": "us", "sasl.password": "secret"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make(tmp_path_factory.mktemp("tls"))


def peer_seen_by(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    """Shakes hands; whether the server was shown a certificate."""
    ours, theirs = socket.socketpair()
    seen: list[bool] = []

    def serve() -> None:
        with server.wrap_socket(theirs, server_side=True) as secured:
            seen.append(bool(secured.getpeercert()))

    thread = Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname=name) as secured:
        secured.recv(1)
    thread.join()
    return seen[0]


def test_without_security_there_are_none() -> None:
    assert credentials({}) == credentials({"security.protocol": "plaintext", "sasl.username": "us"}) == {}


def test_both_sides_of_mutual_tls_show_a_certificate(certificate: Certificate) -> None:
    server = certificate.server()
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(certificate.certificate)
    client = {
        "security.protocol": "ssl",
        "ssl.ca.location": str(certificate.certificate),
        "ssl.certificate.location": str(certificate.certificate),
        "ssl.key.location": str(certificate.key),
    }

    found = credentials(client)["broker_credentials"]

    assert isinstance(found, faust.SSLCredentials)
    assert peer_seen_by(server, found.context, "127.0.0.1")


def test_the_name_of_the_host_is_checked_unless_told_otherwise(certificate: Certificate) -> None:
    client = {"security.protocol": "SSL", "ssl.ca.location": str(certificate.certificate)}

    assert credentials(client)["broker_credentials"].context.check_hostname
    trusting = credentials(client | {"ssl.endpoint.identification.algorithm": "none"})["broker_credentials"].context
    assert not peer_seen_by(certificate.server(), trusting, "another.host")


@pytest.mark.parametrize("name", ["sasl.mechanism", "sasl.mechanisms"])
def test_a_password_goes_by_the_mechanism_that_is_named_by_either_name(name: str) -> None:
    found = credentials({"security.protocol": "SASL_PLAINTEXT", name: "SCRAM-SHA-512", **USER})["broker_credentials"]

    assert (found.protocol.value, found.mechanism.value) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
    assert (found.username, found.password) == ("us", "secret")


def test_a_password_goes_over_tls_where_that_is_told(certificate: Certificate) -> None:
    client = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "ssl.ca.location": str(certificate[0]),
        **USER,
    }

    assert credentials(client)["broker_credentials"].protocol.value == "SASL_SSL"


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (USER, "the SASL mechanism is GSSAPI: set DRIFTWISE_KAFKA__SASL__MECHANISM to PLAIN, SCRAM"),
        ({**USER, "sasl.mechanism": "OAUTHBEARER"}, "the SASL mechanism is OAUTHBEARER"),
        ({"sasl.mechanism": "PLAIN"}, r"DRIFTWISE_KAFKA__SASL__USERNAME \(or that with __FILE\) is not set"),
        ({**USER, "ssl.ca.pem": "-"}, "DRIFTWISE_KAFKA__SSL__CA__PEM: the worker's consumer knows only"),
        ({"ssl.ca.location": "/nowhere"}, "a file named by DRIFTWISE_KAFKA__SSL__CA__LOCATION cannot be used"),
    ],
)
def test_what_the_consumer_cannot_do_is_refused_with_the_variable(client: dict[str, str], said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        credentials({"security.protocol": "SASL_SSL"} | client)


def test_a_file_that_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")

    with pytest.raises(BadSetting, match="cannot be used"):
        credentials({"security.protocol": "SSL", "ssl.ca.location": str(tmp_path / "ca.pem")})
