"""Apache Kafka: one node, broker and controller at once."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connectors.stack import java
from connectors.stack.declaration import services
from connectors.stack.machine import LOOPBACK, is_listening
from connectors.stack.processes import Launch
from connectors.stack.service import Site

PORTS = {"CLIENT": "kafka", "INTERNAL": "kafka_internal", "CONTROLLER": "kafka_controller"}
_PROBE_SECONDS = 2.0


class Kafka:
    """Kafka in KRaft mode; its folder is formatted at the first start."""

    name = "kafka"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._home = site.folder / self.name
        self._data = self._home / "data"
        self._properties = self._home / "server.properties"

    def prepare(self) -> None:
        java.write_properties(self._properties, services().kafka.settings | self._addresses())
        if not (self._data / "meta.properties").exists():
            tool = ["kafka.tools.StorageTool", "format", "-t", cluster_id(), "-c", str(self._properties)]
            self._site.processes.run("kafka-format", self._java(tool, heap_mib=128, options=java.SOON_OVER))

    def launch(self) -> Launch:
        declared = services().kafka
        return self._java([declared.main_class, str(self._properties)], heap_mib=declared.heap_mib)

    def is_ready(self) -> bool:
        if not is_listening(self._site.ports["kafka"]):
            return False
        quiet: dict[str, str | int | float | bool] = {
            "bootstrap.servers": f"{LOOPBACK}:{self._site.ports['kafka']}",
            "log_level": 0,
        }
        try:
            return bool(AdminClient(quiet).list_topics(timeout=_PROBE_SECONDS).brokers)
        except KafkaException:
            return False

    def complete(self) -> None:
        """Nothing: topics are made by those who own them."""

    def _addresses(self) -> dict[str, str]:
        def listeners(*names: str) -> str:
            return ",".join(f"{name}://{LOOPBACK}:{self._site.ports[PORTS[name]]}" for name in names)

        return {
            "listeners": listeners("CLIENT", "INTERNAL", "CONTROLLER"),
            "advertised.listeners": listeners("CLIENT", "INTERNAL"),
            "controller.quorum.voters": f"1@{LOOPBACK}:{self._site.ports['kafka_controller']}",
            "log.dirs": str(self._data),
        }

    def _java(self, start: list[str], *, heap_mib: int, options: Sequence[str] = ()) -> Launch:
        logging = java.write_logging(self._home / "log4j2.xml", self._site.log(self.name))
        argv = java.java(
            self._site.cache,
            heap_mib=heap_mib,
            options=[*options, logging, f"-Dkafka.logs.dir={self._site.log(self.name).parent}"],
            start=[*java.classpath("kafka", self._site.cache), *start],
        )
        return Launch(argv, self._site.output(self.name), self._home)


def cluster_id() -> str:
    """A new one. None begins with a dash, as with those that Kafka draws: its tool would take that for an option."""
    while (drawn := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return drawn
