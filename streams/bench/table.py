"""Which benchmarks there are, and what each is given."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNNERS: Mapping[str, str] = {
    # name on the command line: module that has run(bench) -> document, and TAKES where some may be left out
    "engine": "streams.bench.engine",
    "state": "streams.bench.state",
    "recovery": "streams.bench.recovery",
    "latency": "streams.bench.latency",
    "identity": "streams.bench.identity",
    "backtest": "streams.bench.backtest",
}
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Java:
    """A Java runtime, and how a class of ours is compiled for it: with a JDK where there is one."""

    runtime: str
    compiler: tuple[str, ...]
    classpath: tuple[Path, ...]


@dataclass(frozen=True)
class Bench:
    """What a benchmark is given: a folder of its own, a broker when it asks, and how much to do."""

    folder: Path
    progress: Progress
    broker: Callable[[], AbstractContextManager[str]]
    """Starts Kafka on loopback, gives its bootstrap address, stops it at the end."""
    java: Callable[[], Java]
    """Fetches the jars of Kafka Streams, once."""
    rounds: int | None = None
    """None: as many as the benchmark thinks right."""
    quick: bool = False
    """Small enough for a smoke test; the figures mean nothing then."""
    only: frozenset[str] = frozenset()
    """Contestants to run, by name; empty: all."""
    profile: Path | None = None
    """Where to leave a cProfile dump of our own process."""

    def takes(self, contestant: str) -> bool:
        return not self.only or contestant in self.only


def contestants(name: str) -> tuple[str, ...]:
    """Whom `only` may name; of none where all is one run. Raises ModuleNotFoundError, as `runner` does."""
    return tuple(getattr(importlib.import_module(RUNNERS[name]), "TAKES", ()))


def runner(name: str) -> Callable[[Bench], dict[str, Any]]:
    """The run(bench) of a benchmark. Raises ModuleNotFoundError where this release has none of that name."""
    found: Callable[[Bench], dict[str, Any]] = importlib.import_module(RUNNERS[name]).run
    return found
