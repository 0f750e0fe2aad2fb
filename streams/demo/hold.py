"""`demo --hold`: clean customers without end, and how to reach every system, for faults made by hand."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connectors.stack.postgres import installed_programs
from streams.demo.cluster import Cluster
from streams.demo.companies import Companies
from streams.demo.run import slas
from streams.demo.stories import FIRST


def describe(cluster: Cluster) -> dict[str, Any]:
    """Connection strings, addresses and deadlines; written to hold.json beside the stack, where the truth script and
    people find them. The secret in it is the simulator's own, made for this run."""
    endpoints = cluster.endpoints
    crm = {"base_url": cluster.simulator.base_url, "client_id": "sales", "client_secret": cluster.crm_secret("sales")}
    place: dict[str, Any] = {
        "kafka": endpoints.kafka_bootstrap,
        "registry": endpoints.registry_url,
        **cluster.access().databases,
        "crm": crm,
        "slas": slas(cluster.governance, FIRST),
    }
    path: Path = cluster.home / "hold.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(place, indent=2))
    place["reach"] = {
        **{system: f'{_psql()} "{dsn}"' for system, dsn in cluster.access().databases.items()},
        "crm": crm["base_url"] + "  (client_id sales, secret in hold.json)",
        "kafka": endpoints.kafka_bootstrap,
        "registry": endpoints.registry_url,
        "all of it": str(path),
        "logs": str(cluster.home / "logs"),
    }
    return place


def _psql() -> str:
    """The client on the PATH, else the one beside the server that the stack runs."""
    return "psql" if shutil.which("psql") else str(installed_programs() / "bin" / "psql")


def hold(cluster: Cluster, seed: int, stop: threading.Event, show: Callable[[str], None]) -> None:
    show("holding; Ctrl-C ends it")
    companies = Companies(cluster.access())
    ended = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            companies.hold(seed, ended)
        except BaseException as problem:  # noqa: BLE001 - shown by whoever waits
            failures.append(problem)
            ended.set()

    thread = threading.Thread(target=work, name="companies", daemon=True)
    thread.start()
    try:
        while not stop.wait(1.0) and not ended.is_set():
            cluster.check_roles()
    finally:
        ended.set()
        thread.join(10)
        (cluster.home / "hold.json").unlink(missing_ok=True)
    if failures:
        raise failures[0]
