"""A broker that can be stopped, killed and started again over the same data; beside it a schema registry.

Nothing else of the stack: sources are written by the tests, and what does not run cannot be in the way."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.stack.artefacts import cache_folder, fetch
from connectors.stack.java import share_classes
from connectors.stack.kafka import Kafka
from connectors.stack.machine import LOOPBACK, choose_ports
from connectors.stack.processes import Processes
from connectors.stack.registry import CONFLUENT_PATH, Registry
from connectors.stack.service import Site
from connectors.stack.startup import Startup

PORTS = ("kafka", "kafka_internal", "kafka_controller", "registry", "registry_management")
READY_SECONDS = 60


class Broker:
    def __init__(self, site: Site) -> None:
        self.bootstrap = f"{LOOPBACK}:{site.ports['kafka']}"
        self.registry_url = f"http://{LOOPBACK}:{site.ports['registry']}{CONFLUENT_PATH}"
        self._processes, self._kafka = site.processes, Kafka(site)

    def stop(self) -> None:
        """As an operator does: SIGTERM, and it tells its clients."""
        self._processes.stop([self._kafka.name])

    def kill(self) -> None:
        self._processes.stop([self._kafka.name], polite={self._kafka.name: signal.SIGKILL})

    def is_running(self) -> bool:
        return self._kafka.is_ready()

    def start(self) -> None:
        process = self._processes.start(self._kafka.name, self._kafka.launch())
        deadline = time.monotonic() + READY_SECONDS
        while not self._kafka.is_ready():
            assert process.poll() is None, f"the broker ended with {process.returncode}"
            assert time.monotonic() < deadline, f"the broker is not ready after {READY_SECONDS} s"
            time.sleep(0.1)


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """Attached: even a killed test run leaves nothing behind."""
    cache = cache_folder()
    fetch(cache, print, only=["kafka", "registry"])
    share_classes(cache)
    processes = Processes(folder, attached=True)
    site = Site(folder, cache, choose_ports(list(PORTS), {}), processes)
    try:
        Startup(site, processes, print).run([Kafka(site), Registry(site)])
        yield Broker(site)
    finally:
        processes.stop()
        processes.forget()
