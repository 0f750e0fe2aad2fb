"""The deployment that a demo runs: the stack, the CRM simulator, the capture, and the three roles as processes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from pydantic import SecretStr

from connectors.debezium.apply import Connect
from connectors.debezium.sql import BILLING_SQL, ERP_SQL, PROCESSOR_SQL, PRODUCT_SQL
from connectors.salesforce.simulator import DRIFTWISE_USER_ID, Simulator, demo_clients, running
from connectors.stack import Endpoints, down, up
from connectors.stack.declaration import services
from schemas.errors import OperatorError
from streams.commands.connect import apply_connector, connector_name
from streams.commands.roles import FOLLOWED
from streams.demo.companies import Access
from streams.demo.stories import FIRST, Story
from streams.governance import Governance, load
from streams.settings import Settings
from streams.worker import wiring

OVERLAY = Path(__file__).parent / "governance"
FURTHER = OVERLAY / "all"
DATABASES = {"billing": BILLING_SQL, "erp": ERP_SQL, "processor": PROCESSOR_SQL, "product": PRODUCT_SQL}
"""Captured by log, and what makes their tables; each where the governance of the story has it."""
HEARTBEAT_MS = 200
POLL_INTERVAL_SECONDS = 0.5
LOOK_BACK_SECONDS = 2
ROLES: dict[str, tuple[str, ...]] = {
    # role: its command
    "worker": ("worker",),
    "execute": ("execute",),
    "poll": (
        "poll",
        "crm",
        "--interval-seconds",
        str(POLL_INTERVAL_SECONDS),
        "--look-back-seconds",
        str(LOOK_BACK_SECONDS),
    ),
}
Progress = Callable[[str], None]


def governed(home: Path, story: Story) -> tuple[Path, ...]:
    """The folders of the demo's governance; what another story than the first judges is written beside the stack."""
    if story is FIRST:
        return (OVERLAY,)
    folder = home / "governance"
    folder.mkdir(parents=True, exist_ok=True)
    judged = None if story.judges_all else sorted(story.kinds)
    (folder / "systems.yaml").write_text(json.dumps({"judged": judged}))  # JSON is YAML
    return OVERLAY, FURTHER, folder


class RoleDied(OperatorError):
    """Stop: one of our own processes ended by itself; the text ends with its last lines."""


class Cluster:
    """Started by `with`; everything it started is gone afterwards, however it ends."""

    def __init__(self, home: Path, progress: Progress, story: Story = FIRST) -> None:
        self.home, self._progress = home, progress
        self._folders = governed(home, story)
        self.governance: Governance = load(*self._folders)
        self._databases = {system: tables for system, tables in DATABASES.items() if system in self.governance.systems}
        self._closing = ExitStack()
        self._roles: dict[str, subprocess.Popen[bytes]] = {}
        self._secret = secrets.token_urlsafe(16)
        self.endpoints: Endpoints
        self.simulator: Simulator
        self.settings: Settings

    def __enter__(self) -> Cluster:
        with ExitStack() as undo:
            undo.callback(self._close)
            self._start()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _start(self) -> None:
        down(self.home / "stack", delete_data=True)
        shutil.rmtree(self.home / "state", ignore_errors=True)
        self._closing.callback(down, self.home / "stack", delete_data=True)
        self.endpoints = up(self.home / "stack", progress=self._progress, attached=True)
        self.simulator = self._closing.enter_context(running(demo_clients(self._secret)))
        (self.home / "governance.json").write_text(json.dumps([str(folder) for folder in self._folders]))
        self._closing.callback((self.home / "governance.json").unlink, missing_ok=True)
        self.settings = Settings(self.endpoints.kafka_bootstrap, self.endpoints.registry_url)
        wiring.create_topics(self.settings, self.governance)
        wiring.register(self.settings, self.governance)
        self._progress("topics and schemas created")
        self._closing.callback(self._stop_roles)
        self.start("worker")
        with ThreadPoolExecutor() as pool:
            capturing = [pool.submit(self._capture, *source) for source in self._databases.items()]
            self.start("poll")
            self.start("execute")
            for each in capturing:
                each.result()
        self._progress(f"capture runs: Debezium on {', '.join(self._databases)}, polling on crm")

    def _capture(self, system: str, sql_file: Path) -> None:
        server = self.endpoints.postgres
        if system not in services().postgres.databases:
            with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(system)))
        apply_connector(self.governance, system, HEARTBEAT_MS, sql_file)

    def access(self) -> Access:
        clients = {user: (user, SecretStr(self.crm_secret(user))) for user in ("sales", "integration")}
        server = self.endpoints.postgres
        databases = {system: server.dsn(system) for system in self._databases}
        return Access(databases, self.simulator.base_url, clients)

    def crm_secret(self, client_id: str) -> str:
        return next(c.client_secret for c in demo_clients(self._secret) if c.client_id == client_id)

    def written_to_crm(self) -> list[dict[str, Any]]:
        """Every version of an account that driftwise wrote, from the CRM's own history."""
        return self.simulator.store.written("Account", DRIFTWISE_USER_ID)

    def shown_by_crm(self) -> frozenset[tuple[str, str]]:
        """(id, SystemModstamp) of what the CRM answered to those who polled it."""
        return frozenset(self.simulator.org.shown)

    # -- roles

    def start(self, role: str) -> None:
        log = self.log(role)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._roles[role] = subprocess.Popen(
                [sys.executable, "-m", "streams", *ROLES[role]],
                env=self._environment(role),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self, role: str) -> None:
        """SIGKILL: no goodbye, no flush."""
        process = self._roles[role]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def log(self, role: str) -> Path:
        return self.home / "logs" / f"{role}.log"

    def check_roles(self) -> None:
        for role, process in self._roles.items():
            if process.poll() is not None:
                lines = self.log(role).read_text(errors="replace").splitlines()[-8:]
                raise RoleDied(f"{role} ended with {process.returncode}; {self.log(role)} ends:\n" + "\n".join(lines))

    def _stop_roles(self) -> None:
        for process in self._roles.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 10
        for process in self._roles.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environment(self, role: str) -> dict[str, str]:
        server = self.endpoints.postgres
        return os.environ | {
            FOLLOWED: str(os.getpid()),
            "DRIFTWISE_KAFKA_BOOTSTRAP": self.endpoints.kafka_bootstrap,
            "DRIFTWISE_REGISTRY_URL": self.endpoints.registry_url,
            "DRIFTWISE_GOVERNANCE": os.pathsep.join(map(str, self._folders)),
            "DRIFTWISE_DATA": str(self.home / "state" / role),
            "DRIFTWISE_INSTANCE_ID": f"demo-{role}",
            "DRIFTWISE_CRM_URL": self.simulator.base_url,
            "DRIFTWISE_CRM_CLIENT_ID": "driftwise",
            "DRIFTWISE_CRM_CLIENT_SECRET": self._secret,
            **{f"DRIFTWISE_{system.upper()}_DSN": server.dsn(system) for system in self._databases},
        }

    # -- faults of our own making

    def pause(self, system: str) -> None:
        with Connect(self.endpoints.connect_url) as connect:
            connect.pause(connector_name(system))

    def resume(self, system: str) -> None:
        with Connect(self.endpoints.connect_url) as connect:
            connect.resume(connector_name(system))

    def _close(self) -> None:
        self._closing.close()
