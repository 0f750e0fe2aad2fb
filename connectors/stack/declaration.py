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


class Service(_Strict):
    """What every service has: a version, a container image, the port it is published on, and its own settings."""

    version: str
    image: str
    port: int
    settings: dict[str, Setting]


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


class Services(_Strict):
    """The four services, by the names that are used everywhere: in logs, in compose, in `stack status`."""

    kafka: JavaService
    registry: JavaService
    connect: Connect
    postgres: PostgresService


@cache
def services() -> Services:
    """The declaration that comes with the package."""
    return Services.model_validate(yaml.safe_load((FOLDER / "services.yaml").read_text()))


def text(value: Setting) -> str:
    """A setting as property files, command lines and environments spell it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
