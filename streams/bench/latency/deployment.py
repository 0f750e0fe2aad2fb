"""One deployment to be timed: the stack, one database in two roles, one worker as its users run it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from streams.bench.latency import company
from streams.bench.table import Bench
from streams.bench.watch import ContestantFailed, last_lines
from streams.commands import bench_stack
from streams.governance import Governance, load
from streams.settings import Settings
from streams.worker import wiring

OVERLAY = Path(__file__).parent / "governance"
DATABASE = "billing"
SOURCE, LEDGER = "store", "books"
HEARTBEAT_MS = 25
_STOP_SECONDS = 30
_PACED = """SELECT 1 FROM pg_stat_activity
            WHERE query LIKE '%pg_sleep%' AND state <> 'idle' AND pid <> pg_backend_pid()"""


@dataclass
class Deployment:
    endpoints: bench_stack.Endpoints
    conninfo: str
    """Of the database."""
    settings: Settings
    governance: Governance
    worker: subprocess.Popen[bytes]
    worker_log: Path
    _snapshots: int = 0

    def capture(self) -> None:
        """Begin with a snapshot; one of the two connectors beats for both."""
        for system, heartbeat_ms in ((SOURCE, HEARTBEAT_MS), (LEDGER, 0)):
            bench_stack.capture(self.endpoints, self.governance, system, DATABASE, heartbeat_ms)

    def read_again(self, table: str, pause_seconds: float) -> None:
        """Another snapshot of a table of the store, beside the live traffic."""
        self._snapshots += 1
        name = f"again_{self._snapshots}"
        place = (SOURCE, table, DATABASE)
        bench_stack.read_again(self.endpoints, self.governance, *place, name=name, pause_seconds=pause_seconds)

    def is_reading_again(self) -> bool:
        """Whether the query of such a snapshot is still at work."""
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(_PACED).fetchone() is not None

    def wait(self, condition: Callable[[], bool], what: str, timeout_seconds: float) -> None:
        """Until it is so; a worker that ends meanwhile never makes it so."""
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            if self.worker.poll() is not None:
                raise ContestantFailed(f"the worker ended with {self.worker.returncode}: {last_lines(self.worker_log)}")
            if time.monotonic() > deadline:
                raise ContestantFailed(f"{what}: not after {timeout_seconds:.0f} s: {last_lines(self.worker_log)}")
            time.sleep(0.1)

    def cpu_seconds(self) -> float:
        times = psutil.Process(self.worker.pid).cpu_times()
        return times.user + times.system


@contextmanager
def deployed(bench: Bench) -> Iterator[Deployment]:
    """All of it, the tables empty and not captured yet; gone afterwards."""
    governance = load(OVERLAY)
    with ExitStack() as closing:
        endpoints = closing.enter_context(bench_stack.stack(bench.folder / "stack", bench.progress))
        settings = Settings(endpoints.kafka_bootstrap, endpoints.registry_url)
        wiring.create_topics(settings, governance)
        wiring.register(settings, governance)
        conninfo = endpoints.postgres.dsn(DATABASE)
        with psycopg.connect(conninfo) as connection:
            connection.execute(company.TABLES.read_bytes())
        log = bench.folder / "worker.log"
        worker = closing.enter_context(_worker(bench, settings, log))
        yield Deployment(endpoints, conninfo, settings, governance, worker, log)


@contextmanager
def _worker(bench: Bench, settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "DRIFTWISE_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "DRIFTWISE_REGISTRY_URL": settings.registry_url,
        "DRIFTWISE_GOVERNANCE": str(OVERLAY),
        "DRIFTWISE_DATA": str(bench.folder / "state"),
    }
    profiled = ["-m", "cProfile", "-o", str(bench.profile)] if bench.profile else []
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *profiled, "-m", "streams", "worker"], env=environment, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
