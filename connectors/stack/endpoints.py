"""Where the services of a running stack are found."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from connectors.stack.errors import NoStack, StackError
from connectors.stack.files import write_whole

_FILE = "endpoints.json"


@dataclass(frozen=True)
class Postgres:
    """Address and superuser of the PostgreSQL server; connections over loopback need no password."""

    host: str
    port: int
    user: str

    def dsn(self, database: str) -> str:
        """Connection string of one of its databases, as psycopg takes it."""
        return f"host={self.host} port={self.port} user={self.user} dbname={database}"


@dataclass(frozen=True)
class Endpoints:
    """Addresses of the services, and their log files where they run as our own processes.

    `registry_url` speaks the Confluent schema registry API (ccompat v7), `registry_native_url` Apicurio's own (v2).
    `registry_for_connect` and `postgres_for_connect` are the registry's native address and the database as Kafka
    Connect must name them: among containers other than from outside.
    """

    provider: str
    kafka_bootstrap: str
    connect_url: str
    registry_url: str
    registry_native_url: str
    registry_for_connect: str
    postgres: Postgres
    postgres_for_connect: Postgres
    logs: dict[str, str]

    def save(self, folder: Path) -> None:
        """Write them into the stack's folder, all or nothing, so that other processes find the stack."""
        write_whole(folder / _FILE, json.dumps(asdict(self), indent=2))


def load(folder: Path | str) -> Endpoints:
    """Endpoints of the stack that was started in `folder`. Raises NoStack where there is none, StackError where what it
    left cannot be read."""
    path = Path(folder).resolve() / _FILE
    try:
        raw = json.loads(path.read_text())
        for name in ("postgres", "postgres_for_connect"):
            raw[name] = Postgres(**raw[name])
        return Endpoints(**raw)
    except FileNotFoundError:
        raise NoStack(f"No stack runs in {path.parent}: start one with `driftwise stack up`.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise StackError(f"{path} cannot be read ({error}): run `driftwise stack down`, then `up`.") from error


def forget(folder: Path) -> None:
    """Remove the saved endpoints: the stack is down."""
    (folder / _FILE).unlink(missing_ok=True)
