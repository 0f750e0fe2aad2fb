"""Two ways to run the stack behind one interface: as processes of this machine, or as containers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from connectors.stack import embedded, machine
from connectors.stack import endpoints as saved
from connectors.stack.artefacts import Progress
from connectors.stack.declaration import services
from connectors.stack.embedded import ServiceStatus
from connectors.stack.endpoints import Endpoints
from connectors.stack.errors import StackError
from connectors.stack.files import bytes_below
from connectors.stack.registry import CONFLUENT_PATH, NATIVE_PATH

Name = Literal["embedded", "compose"]


class Stopped(NamedTuple):
    ended: list[str]
    """The services that ran."""
    kept: str
    """What remains on disk, in words."""


class Provider(Protocol):
    """Starts, finds and stops the stack that belongs to a folder; what can go wrong is a StackError."""

    def up(self, folder: Path | str, *, progress: Progress = lambda line: None) -> Endpoints: ...

    def down(self, folder: Path | str) -> Stopped: ...

    def status(self, folder: Path | str) -> list[ServiceStatus]: ...


class Embedded:
    """Processes of this machine; see `connectors.stack.embedded`."""

    def up(self, folder: Path | str, *, progress: Progress = lambda line: None) -> Endpoints:
        return embedded.up(folder, progress=progress)

    def down(self, folder: Path | str) -> Stopped:
        ended = embedded.down(folder)
        data = embedded.data_folders(folder)
        if not data:
            return Stopped(ended, "nothing is on disk")
        size = f"{sum(map(bytes_below, data)) / 2**20:,.0f} MiB"
        return Stopped(ended, f"{size} of data and logs stay in {' and '.join(map(str, data))}")

    def status(self, folder: Path | str) -> list[ServiceStatus]:
        return embedded.status(folder)


class Compose:
    """Containers, by docker compose and a compose file; the folder only keeps the endpoints."""

    def __init__(self, file: Path = Path("docker-compose.yml"), docker: str = "docker") -> None:
        self._file = file
        self._docker = docker

    def up(self, folder: Path | str, *, progress: Progress = lambda line: None) -> Endpoints:
        progress("docker compose up ...")
        self._run("up", "--detach", "--build", "--wait", *INFRASTRUCTURE)
        found = published()
        place = Path(folder).resolve()
        place.mkdir(parents=True, exist_ok=True)
        found.save(place)
        return found

    def down(self, folder: Path | str) -> Stopped:
        running = self._running()
        self._run("down")
        saved.forget(Path(folder).resolve())
        kept = "its volumes stay (`docker compose down --volumes` deletes them)"
        return Stopped(sorted(running.intersection(INFRASTRUCTURE)), kept)

    def status(self, folder: Path | str) -> list[ServiceStatus]:
        running = self._running()
        return [self._status(name, name in running) for name in INFRASTRUCTURE]

    def _running(self) -> set[str]:
        return set(self._run("ps", "--services", "--status", "running").split())

    def _status(self, name: str, running: bool) -> ServiceStatus:
        address = f"{machine.LOOPBACK}:{getattr(services(), name).port}"
        log = f"{self._docker} compose --file {self._file} logs {name}"
        return ServiceStatus(name, "ready" if running else "down", None, address if running else None, log)

    def _run(self, *arguments: str) -> str:
        if not self._file.exists():
            raise StackError(f"{self._file.resolve()} is missing: run this where driftwise's docker-compose.yml is.")
        command = [self._docker, "compose", "--file", str(self._file), *arguments]
        try:
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout
        except FileNotFoundError:
            raise StackError("docker is not on the PATH: install it, or use the embedded stack.") from None
        except subprocess.CalledProcessError as error:
            needed = "It needs a Docker that runs, with Compose 2.23.1 or newer: `docker compose version`."
            raise StackError(f"`{' '.join(command)}` failed:\n{error.stderr.strip()}\n{needed}") from error


INFRASTRUCTURE = ("kafka", "postgres", "registry", "connect")


def provider(name: Name) -> Provider:
    """The provider of that name."""
    return Embedded() if name == "embedded" else Compose()


def published() -> Endpoints:
    """Where the containers of the compose file are found: on the loopback ports that the declaration fixes."""
    declared, here = services(), machine.LOOPBACK
    registry = f"http://{here}:{declared.registry.port}"
    return Endpoints(
        provider="compose",
        kafka_bootstrap=f"{here}:{declared.kafka.port}",
        connect_url=f"http://{here}:{declared.connect.port}",
        registry_url=f"{registry}{CONFLUENT_PATH}",
        registry_native_url=f"{registry}{NATIVE_PATH}",
        registry_for_connect=str(declared.connect.compose.settings["value.converter.apicurio.registry.url"]),
        postgres=saved.Postgres(here, declared.postgres.port, declared.postgres.user),
        postgres_for_connect=saved.Postgres(
            "postgres", declared.postgres.compose.container_port, declared.postgres.user
        ),
        logs={},
    )
