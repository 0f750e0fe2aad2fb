"""The declaration in services.yaml as typed values."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent

Setting = bool | int | str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Container(_Strict):
    """What differs when a service runs in a container: addresses, how it takes settings, how its health is asked.

    `settings` go over those of the service. They become environment variables with a `prefix`, or a `settings_file`.
    `build` names the target in our Dockerfile that makes the image.
    """

    build: str | None = None
    command: list[str] = []
    prefix: str | None = None
    settings_file: str | None = None
    settings: dict[str, Setting] = {}
    environment: dict[str, str]
    container_port: int
    health: list[str] = []
    health_path: str = ""
    volume: str | None = None
    databases: list[str] = []
    after: list[str] = []


class Service(_Strict):
    """What every service has: a version, a container image, the port it is published on, and its own settings."""

    version: str
    image: str
    port: int
    settings: dict[str, Setting]
    compose: Container


class JavaService(Service):
    """A service that runs on Java: its artefacts are Maven coordinates, heap in MiB."""

    heap_mib: int
    artefacts: list[str]
    main_class: str = ""


class Plugin(_Strict):
    """A class that Kafka Connect loads beside its own, and its jars; `without` names what it must not bring along."""

    class_name: str
    artefacts: list[str]
    without: list[str] = []


class Plugins(_Strict):
    debezium: Plugin
    converter: Plugin


class Connect(JavaService):
    plugins: Plugins


class PostgresService(Service):
    user: str
    databases: list[str]


class Roles(_Strict):
    """The deployable roles of driftwise: one image, an environment for all, a command for each; `before` runs to its
    end first, `volumes` is what outlives a role's container."""

    image: str
    environment: dict[str, str]
    secrets: dict[str, str]
    health: list[str]
    before: dict[str, list[str]]
    volumes: dict[str, str]
    commands: dict[str, list[str]]


class Services(_Strict):
    """The four services, by the names used everywhere (logs, compose, `stack status`), and our own roles."""

    kafka: JavaService
    registry: JavaService
    connect: Connect
    postgres: PostgresService
    peers: dict[str, list[str]]
    """Who uses them -> artefacts outside the stack, for benchmarks."""
    roles: Roles


@cache
def services() -> Services:
    """The declaration that comes with the package."""
    return Services.model_validate(yaml.safe_load((FOLDER / "services.yaml").read_text()))


def text(value: Setting) -> str:
    """A setting as property files, command lines and environments spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
