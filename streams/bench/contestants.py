"""Who takes part in the join job, how each is started, and how its progress is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from streams.bench.peers import environment
from streams.bench.table import Bench
from streams.bench.workload import JOINED, SIDE, schema_id

_PEERS = Path(__file__).parent / "peers"
SCHEMAS = json.dumps({"side": SIDE, "joined": JOINED})
Kind = Literal["ours", "quix", "faust", "kafka_streams"]


class Run(NamedTuple):
    """One run of one contestant: what its process is told."""

    name: str
    bootstrap: str
    left: str
    right: str
    output: str
    folder: Path
    commit_interval_seconds: float | None
    """None: the contestant's documented default."""

    def arguments(self) -> list[str]:
        given = {
            "bootstrap": self.bootstrap,
            "run": self.name,
            "left": self.left,
            "right": self.right,
            "output": self.output,
            "folder": str(self.folder),
        }
        if self.commit_interval_seconds is not None:
            given["commit-interval-seconds"] = str(self.commit_interval_seconds)
        return [part for name, value in given.items() for part in (f"--{name}", value)]


@dataclass(frozen=True)
class Contestant:
    name: str
    kind: Kind
    default_interval_seconds: float
    """As documented."""
    options: tuple[str, ...] = ()
    progress: Literal["outputs", "group", "told"] = "outputs"
    """Committed outputs show it, the group's committed offsets, or the worker itself tells."""
    collapsed: bool = False
    """Its output carries the last record of each key in a commit, not one for each input."""
    slow: bool = False
    """Measured for longer, in the first round only."""
    usual_rates: Mapping[str, float] | None = None
    """Events a second by distribution, as seen on 2 cores; a run below 0.8 of it is void."""


CONTESTANTS: tuple[Contestant, ...] = (
    Contestant("ours", "ours", 0.1),
    Contestant("quix", "quix", 5.0, ("--guarantee", "exactly-once")),
    Contestant("quix_at_least_once", "quix", 5.0, ("--guarantee", "at-least-once")),
    Contestant("kafka_streams_no_cache", "kafka_streams", 0.1, ("--cache-bytes", "0")),
    Contestant("kafka_streams", "kafka_streams", 0.1, progress="group", collapsed=True),
    Contestant("faust", "faust", 2.8, slow=True),
    Contestant("ours_collapsed", "ours", 0.1, ("--collapsed",), progress="told", collapsed=True),
)
RATIOS: Mapping[str, tuple[str, str]] = {
    # ratio: whose rate over whose
    "quix": ("ours", "quix"),
    "quix_at_least_once": ("ours", "quix_at_least_once"),
    "faust": ("ours", "faust"),
    "kafka_streams": ("ours_collapsed", "kafka_streams"),
    "kafka_streams_no_cache": ("ours", "kafka_streams_no_cache"),
}


class NotCompiled(Exception):
    """Stop: the Kafka Streams peer did not compile; the text has the compiler's words."""


class Programs:
    """How each kind of contestant is started; what that needs is made or fetched when the first of them runs."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def command(self, contestant: Contestant, run: Run) -> list[str]:
        return [*self._start[contestant.kind](), *contestant.options, *run.arguments()]

    @cached_property
    def _start(self) -> Mapping[Kind, Callable[[], list[str]]]:
        return {"ours": self._ours, "quix": self._quix, "faust": self._faust, "kafka_streams": self._kafka_streams}

    def _ours(self) -> list[str]:
        profile = ["--profile", str(self._bench.profile)] if self._bench.profile else []
        return [sys.executable, "-m", "streams.bench.ours", *profile]

    def _quix(self) -> list[str]:
        python = environment.python(self._bench.progress)
        return [str(python), str(_PEERS / "quix_join.py"), "--schemas", SCHEMAS]

    def _faust(self) -> list[str]:
        return [sys.executable, str(_PEERS / "faust_join.py"), "--schemas", SCHEMAS]

    def _kafka_streams(self) -> list[str]:
        ids = ["--side-schema-id", str(schema_id(SIDE)), "--joined-schema-id", str(schema_id(JOINED))]
        return [*self._compiled, *ids]

    @cached_property
    def _compiled(self) -> list[str]:
        """Compiled once a benchmark, for the runtime of the stack, which may be older than the JDK."""
        java, classes = self._bench.java(), self._bench.folder / "classes"
        path = os.pathsep.join(map(str, java.classpath))
        source = str(_PEERS / "kafka_streams" / "JoinBench.java")
        command = [*java.compiler, "-nowarn", "-cp", path, "-d", str(classes), source]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotCompiled(f"{source}: {done.stdout}{done.stderr}")
        return [java.runtime, "-cp", f"{classes}{os.pathsep}{path}", "JoinBench"]
