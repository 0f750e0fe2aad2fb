"""A broker that clients reach over mutual TLS and with a password only, and a schema registry beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from connectors.stack.artefacts import cache_folder, fetch
from connectors.stack.kafka import Kafka
from connectors.stack.machine import LOOPBACK, choose_ports
from connectors.stack.processes import Processes
from connectors.stack.registry import CONFLUENT_PATH, Registry
from connectors.stack.service import Site
from connectors.stack.startup import Startup
from tests.certificates import Certificate, make

PORTS = ("kafka", "kafka_internal", "kafka_controller", "kafka_secured", "registry", "registry_management")
USER, PASSWORD = "driftwise", "not-a-secret"
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_LISTENER = "listener.name.secured"


class SecuredKafka(Kafka):
    """With one listener more. The broker itself and the probe for its readiness use the others."""

    def __init__(self, site: Site, certificate: Certificate) -> None:
        super().__init__(site)
        self._certificate, self._port = certificate, site.ports["kafka_secured"]

    def _addresses(self) -> dict[str, str]:
        plain, address = super()._addresses(), f"SECURED://{LOOPBACK}:{self._port}"
        protocols = "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENT:PLAINTEXT,SECURED:SASL_SSL"
        pem = self._certificate.key.read_text() + self._certificate.certificate.read_text()
        both = self._certificate.key.with_name("keystore.pem")
        both.write_text(pem)
        return plain | {
            "listeners": f"{plain['listeners']},{address}",
            "advertised.listeners": f"{plain['advertised.listeners']},{address}",
            "listener.security.protocol.map": protocols,
            f"{_LISTENER}.sasl.enabled.mechanisms": "PLAIN",
            f"{_LISTENER}.plain.sasl.jaas.config": f'{_LOGIN} user_{USER}="{PASSWORD}";',
            f"{_LISTENER}.ssl.keystore.type": "PEM",
            f"{_LISTENER}.ssl.keystore.location": str(both),
            f"{_LISTENER}.ssl.truststore.type": "PEM",
            f"{_LISTENER}.ssl.truststore.location": str(self._certificate.certificate),
            f"{_LISTENER}.ssl.client.auth": "required",
        }


class Secured(NamedTuple):
    bootstrap: str
    registry_url: str
    certificate: Certificate
    password: Path
    """The file that holds it."""

    def environment(self) -> dict[str, str]:
        client = {
            "SECURITY__PROTOCOL": "SASL_SSL",
            "SASL__MECHANISM": "PLAIN",
            "SASL__USERNAME": USER,
            "SASL__PASSWORD__FILE": str(self.password),
            "SSL__CA__LOCATION": str(self.certificate.certificate),
            "SSL__CERTIFICATE__LOCATION": str(self.certificate.certificate),
            "SSL__KEY__LOCATION": str(self.certificate.key),
        }
        addresses = {"DRIFTWISE_KAFKA_BOOTSTRAP": self.bootstrap, "DRIFTWISE_REGISTRY_URL": self.registry_url}
        return addresses | {f"DRIFTWISE_KAFKA__{name}": value for name, value in client.items()}


@contextmanager
def secured_cluster(folder: Path) -> Iterator[Secured]:
    cache = cache_folder()
    fetch(cache, print, only=["kafka", "registry"])
    processes = Processes(folder, attached=True)
    site = Site(folder, cache, choose_ports(list(PORTS), {}), processes)
    certificate, password = make(folder), folder / "password"
    password.write_text(PASSWORD + "\n")
    try:
        Startup(site, processes, print).run([SecuredKafka(site, certificate), Registry(site)])
        registry_url = f"http://{LOOPBACK}:{site.ports['registry']}{CONFLUENT_PATH}"
        yield Secured(f"{LOOPBACK}:{site.ports['kafka_secured']}", registry_url, certificate, password)
    finally:
        processes.stop()
        processes.forget()
