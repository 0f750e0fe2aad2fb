"""Settings of a process, from the environment. Addresses of systems are read by the roles that need them
(`streams.commands.roles`)."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import OperatorError

PREFIX = "DRIFTWISE_"
CLIENT_LOG = logging.getLogger("librdkafka")
CLIENT_LOG.addHandler(logging.NullHandler())
"""Log output of the Kafka clients, beyond the errors that they raise. Roles log it. Commands set up no logging, so they
do not show it: they report an error in one line, with its remedy."""


@dataclass(frozen=True)
class Settings:
    """Where the cluster is and how this process behaves. Secrets come from the environment and are never logged."""

    kafka_bootstrap: str
    registry_url: str = field(repr=False)
    application: str = "driftwise"
    """Consumer group and prefix of every transactional id: one a deployment."""
    data_folder: Path = Path("driftwise-data")
    """State stores; one folder a worker, kept over restarts."""
    governance_folders: tuple[Path, ...] = ()
    kafka_client: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further librdkafka client settings: security.protocol, sasl.*, ssl.*."""
    registry_client: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further settings of the schema registry client: basic.auth.user.info, ssl.*."""
    connect_client: Mapping[str, str] = field(default_factory=dict, repr=False)
    """How Kafka Connect lets us in: basic.auth.user.info, ssl.*."""
    commit_interval_seconds: float = 0.1
    """Upper bound under load; an idle input commits at once."""
    commit_gap_seconds: float = 0.01
    """Lower bound between two commits of changes of a shard: a drip of records shares one. A commit that took longer
    makes it longer; neither progress nor what another shard of the worker hands over waits for it
    (`streams.worker.pace`)."""
    session_timeout_seconds: float = 10.0
    instance_id: str | None = None
    """Static membership: a restart within the session timeout moves no partition."""
    standby_replicas: int = 1
    """Warm copies of each shard at other workers, as far as there are others. With one, a worker that dies is followed
    within seconds, whatever the size of its state; the price is its disk, and the reading of its changelogs."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    """0: any free port, which is logged."""
    dead_letter_flood: int = 200
    """That many dead letters within the last 1,000 records of a shard pause it."""
    stuck_after_seconds: float = 60.0
    """No commit for that long while input waits: the watchdog ends the process."""

    @property
    def client(self) -> dict[str, Any]:
        """What every librdkafka client of this process is built from."""
        named = {"bootstrap.servers": self.kafka_bootstrap, "client.id": self.application}
        return {**named, "logger": CLIENT_LOG, **self.kafka_client}


class MissingSetting(OperatorError):
    """Stop: the text names every place that was searched."""


_NEEDED = {"kafka_bootstrap": "the Kafka cluster", "registry_url": "the schema registry"}


class BadSetting(OperatorError):
    """Stop: the text names the variable, what it says and what it should."""


def from_environment(environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
    """Settings from DRIFTWISE_* variables; keyword arguments win unless None. DRIFTWISE_KAFKA__SASL__MECHANISM=PLAIN
    becomes the client setting sasl.mechanism, and DRIFTWISE_REGISTRY__* and DRIFTWISE_CONNECT__* those of the clients
    of registry and Kafka Connect; a variable that ends in __FILE is read from the file it names; an empty one counts
    as not set."""
    environment = {variable: value for variable, value in environment.items() if value}
    values: dict[str, Any] = {
        "kafka_bootstrap": environment.get(PREFIX + "KAFKA_BOOTSTRAP"),
        "registry_url": environment.get(PREFIX + "REGISTRY_URL"),
        "application": environment.get(PREFIX + "APPLICATION"),
        "instance_id": environment.get(PREFIX + "INSTANCE_ID"),
        "data_folder": _path(environment.get(PREFIX + "DATA")),
        "governance_folders": _paths(environment.get(PREFIX + "GOVERNANCE")),
        "kafka_client": _client(environment, "KAFKA__"),
        "registry_client": _client(environment, "REGISTRY__"),
        "connect_client": _client(environment, "CONNECT__"),
        "metrics_host": environment.get(PREFIX + "METRICS_HOST"),
        "metrics_port": _number(environment, "METRICS_PORT", int),
        "commit_interval_seconds": _number(environment, "COMMIT_INTERVAL_SECONDS", float),
        "commit_gap_seconds": _number(environment, "COMMIT_GAP_SECONDS", float),
        "session_timeout_seconds": _number(environment, "SESSION_TIMEOUT_SECONDS", float),
        "standby_replicas": _number(environment, "STANDBY_REPLICAS", int),
        "dead_letter_flood": _number(environment, "DEAD_LETTER_FLOOD", int),
        "stuck_after_seconds": _number(environment, "STUCK_AFTER_SECONDS", float),
    }
    known = {name: value for name, value in (*values.items(), *given.items()) if value is not None}
    for name, what in _NEEDED.items():
        if name not in known:
            variable = PREFIX + name.upper()
            raise MissingSetting(
                f"it is not known where {what} is: set {variable}, or start a local stack with `driftwise stack up` "
                f"(searched: {variable}, the running stack's endpoints)"
            )
    return Settings(**known)


def _client(environment: Mapping[str, str], service: str) -> dict[str, str] | None:
    prefix = PREFIX + service
    found: dict[str, str] = {}
    for variable, value in environment.items():
        if variable.startswith(prefix):
            name = variable.removeprefix(prefix)
            if name.endswith("__FILE"):
                name, value = name.removesuffix("__FILE"), _content(variable, value)
            found[name.lower().replace("__", ".")] = value
    return found or None


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _paths(text: str | None) -> tuple[Path, ...] | None:
    return tuple(Path(part) for part in text.split(os.pathsep)) if text else None


def _content(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise BadSetting(f"{variable} names {path}, which cannot be read as text ({problem})") from None


def _number(environment: Mapping[str, str], name: str, type_: type[int] | type[float]) -> Any:
    text = environment.get(PREFIX + name)
    try:
        return type_(text) if text else None
    except ValueError:
        what = "a whole number" if type_ is int else "a number"
        raise BadSetting(f"{PREFIX}{name} is {text!r}: set it to {what}, or leave it out for the default") from None
