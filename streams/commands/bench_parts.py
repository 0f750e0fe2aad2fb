"""What the benchmarks need of the stack: a broker alone, and Kafka Streams."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.stack.artefacts import cache_folder, fetch
from connectors.stack.java import jars, runtime, share_classes
from connectors.stack.kafka import Kafka
from connectors.stack.machine import choose_ports
from connectors.stack.processes import Processes
from connectors.stack.service import Site
from connectors.stack.startup import Startup
from streams.bench.table import Java

_PORTS = ["kafka", "kafka_internal", "kafka_controller"]


@contextmanager
def broker(folder: Path, progress: Callable[[str], None]) -> Iterator[str]:
    """Kafka alone, attached to this process; gives its bootstrap address."""
    cache = cache_folder()
    fetch(cache, progress, only=["kafka"])
    share_classes(cache)
    folder.mkdir(parents=True, exist_ok=True)
    processes = Processes(folder, attached=True)
    site = Site(folder, cache, choose_ports(_PORTS, {}), processes)
    try:
        Startup(site, processes, progress).run([Kafka(site)])
        yield f"127.0.0.1:{site.ports['kafka']}"
    finally:
        processes.stop()
        processes.forget()


def java(progress: Callable[[str], None]) -> Java:
    """The runtime of the stack and the jars of Kafka Streams, fetched once. A class of ours is compiled by the JDK's
    compiler where there is one, else by Eclipse's on the same runtime."""
    cache = cache_folder()
    fetch(cache, progress, only=["bench", "ecj"])
    javac = shutil.which("javac")
    # A JDK may be newer than the runtime; Eclipse's compiler has no description of older releases to compile against.
    compiler = (javac, "--release", "17") if javac else (runtime(), "-jar", str(jars("ecj", cache)[0]), "-17")
    return Java(runtime(), compiler, tuple(jars("bench", cache)))
