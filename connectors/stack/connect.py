"""Kafka Connect with the Debezium connector and the Avro converter."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from connectors.stack import java
from connectors.stack.declaration import services
from connectors.stack.http import answers
from connectors.stack.machine import LOOPBACK
from connectors.stack.processes import Launch
from connectors.stack.registry import NATIVE_PATH
from connectors.stack.service import Site

_CONVERTER_INTERFACE = "org.apache.kafka.connect.storage.Converter"


class Connect:
    """One distributed worker; it may be started before Kafka is ready and waits for it."""

    name = "connect"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._home = site.folder / self.name
        self._properties = self._home / "connect.properties"

    def prepare(self) -> None:
        link_plugins(self._plugins, self._site.cache)
        java.write_properties(self._properties, services().connect.settings | self._addresses())

    def launch(self) -> Launch:
        declared = services().connect
        logging = java.write_logging(self._home / "log4j2.xml", self._site.log(self.name))
        start = [*java.classpath("connect", self._site.cache), declared.main_class, str(self._properties)]
        options = [logging] if self._site.for_long else [*java.SOON_OVER, logging]
        argv = java.java(self._site.cache, heap_mib=declared.heap_mib, options=options, start=start)
        return Launch(argv, self._site.output(self.name), self._home)

    def is_ready(self) -> bool:
        port = self._site.ports[self.name]
        if answers(port, "/connectors") is None:
            return False
        listed = {plugin["class"] for plugin in answers(port, "/connector-plugins") or []}
        return services().connect.plugins.debezium.class_name in listed

    def complete(self) -> None:
        """Nothing: connectors are registered by `driftwise connect apply`."""

    def _addresses(self) -> dict[str, str]:
        ports = self._site.ports
        return {
            "bootstrap.servers": f"{LOOPBACK}:{ports['kafka_internal']}",
            "listeners": f"http://{LOOPBACK}:{ports[self.name]}",
            "rest.advertised.host.name": LOOPBACK,
            "plugin.path": str(self._plugins),
            "value.converter.apicurio.registry.url": f"http://{LOOPBACK}:{ports['registry']}{NATIVE_PATH}",
        }

    @property
    def _plugins(self) -> Path:
        return self._home / "plugins"


def link_plugins(plugins: Path, cache: Path) -> None:
    """Lay out what Connect loads: a folder each for database connector and converter, links into the cache."""
    shutil.rmtree(plugins, ignore_errors=True)
    (plugins / "converter").mkdir(parents=True)
    (archive,) = java.jars("debezium", cache)
    for folder in archive.iterdir():
        (plugins / folder.name).symlink_to(folder)
    for jar in java.jars("converter", cache):
        (plugins / "converter" / jar.name).symlink_to(jar)
    _declare(services().connect.plugins.converter.class_name, plugins / "converter" / "declaration.jar")


def _declare(class_name: str, jar: Path) -> None:
    """Name a converter for Java's ServiceLoader, which its own jar omits; so Connect need not search every class."""
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(f"META-INF/services/{_CONVERTER_INTERFACE}", class_name)
