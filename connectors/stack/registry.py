"""Apicurio Registry: schemas, kept in an embedded database file."""

from __future__ import annotations

from connectors.stack import java
from connectors.stack.declaration import Setting, services, text
from connectors.stack.http import answers
from connectors.stack.machine import LOOPBACK
from connectors.stack.processes import Launch
from connectors.stack.service import Site

CONFLUENT_PATH = "/apis/ccompat/v7"
NATIVE_PATH = "/apis/registry/v2"


class Registry:
    """The schema registry; speaks the Confluent API beside its own."""

    name = "registry"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._home = site.folder / self.name

    def prepare(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)

    def launch(self) -> Launch:
        declared = services().registry
        here: dict[str, Setting] = {
            "quarkus.http.host": LOOPBACK,
            "quarkus.http.port": self._site.ports[self.name],
            "quarkus.management.host": LOOPBACK,
            "quarkus.management.port": self._site.ports["registry_management"],
            # A schema must be on disk before a record names its id: no delayed writes.
            "apicurio.datasource.url": f"jdbc:h2:file:{self._home / 'schemas'};WRITE_DELAY=0",
        }
        options = [f"-D{key}={text(value)}" for key, value in (declared.settings | here).items()]
        (program,) = java.jars("registry", self._site.cache)
        start = ["-jar", str(program / "quarkus-run.jar")]
        argv = java.java(self._site.cache, heap_mib=declared.heap_mib, options=[*java.SOON_OVER, *options], start=start)
        return Launch(argv, self._site.log(self.name), self._home)

    def is_ready(self) -> bool:
        return answers(self._site.ports[self.name], f"{CONFLUENT_PATH}/subjects") is not None

    def complete(self) -> None:
        """Nothing: schemas are registered by those who own them."""
