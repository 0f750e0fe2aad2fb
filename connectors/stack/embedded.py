"""The embedded stack: real services as processes of this machine, without Docker and without root."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Literal, NoReturn

from connectors.stack import endpoints as saved
from connectors.stack.artefacts import Progress, cache_folder, fetch
from connectors.stack.connect import Connect
from connectors.stack.declaration import services
from connectors.stack.endpoints import Endpoints
from connectors.stack.errors import PortTaken, StackError
from connectors.stack.files import exclusive, write_whole
from connectors.stack.java import runtime as java_runtime
from connectors.stack.java import share_classes
from connectors.stack.kafka import Kafka
from connectors.stack.machine import LOOPBACK, choose_ports
from connectors.stack.machine import check as check_machine
from connectors.stack.postgres import Postgres, home, installed_programs, unprivileged_user
from connectors.stack.processes import Processes
from connectors.stack.registry import CONFLUENT_PATH, NATIVE_PATH, Registry
from connectors.stack.service import Service, Site
from connectors.stack.startup import Startup

_PORTS = ["kafka", "kafka_internal", "kafka_controller", "registry", "registry_management", "connect", "postgres"]
_POLITE = {"postgres": signal.SIGINT}  # "fast": ends sessions; SIGTERM would wait for Debezium to go


@dataclass(frozen=True)
class ServiceStatus:
    """What one service does: `ready`, `not ready` (runs, but does not answer as it should) or `down`."""

    name: str
    state: Literal["ready", "not ready", "down"]
    pid: int | None
    address: str | None
    log: str


def up(
    folder: Path | str,
    *,
    progress: Progress = lambda line: None,
    cache: Path | None = None,
    attached: bool = False,
    for_long: bool = False,
) -> Endpoints:
    """Start the stack in `folder`, or find it running there; data of an earlier run in it is kept.

    `progress` gets one line at a time; it may be called from several threads. `cache` holds the Java artefacts.
    Attached services end with the thread that calls this, so with its process, however that ends; others at `down`.
    `for_long`: capture is to be fast after two minutes rather than ready soon.
    Raises StackError with what to do; then, and on Ctrl-C or SIGTERM, nothing is left running.
    """
    folder, cache = Path(folder).resolve(), (cache or cache_folder()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    in_turn = exclusive(folder / ".lock", lambda: progress("waiting for another start or stop in this folder ..."))
    with in_turn, _termination_raises():
        if running := _running(folder, cache):
            progress("the stack is already up")
            return running
        processes = Processes(folder, attached=attached)
        if processes.living():
            progress("stopping what an earlier run left behind ...")
        try:
            _stop(processes, folder)
            return _start(Site(folder, cache, _last_ports(folder), processes, for_long), progress)
        except BaseException:
            _stop(processes, folder)
            raise


def down(folder: Path | str, *, delete_data: bool = False) -> list[str]:
    """Stop the stack of `folder`, in order; does nothing where none runs. Data stays unless it is to be deleted.
    Returns the names of the services that ran."""
    folder = Path(folder).resolve()
    if not folder.exists():
        return []
    with exclusive(folder / ".lock"):
        ended = _stop(Processes(folder), folder)
    if delete_data:
        shutil.rmtree(home(folder, unprivileged_user()), ignore_errors=True)
        shutil.rmtree(folder)
    return ended


def data_folders(folder: Path | str) -> list[Path]:
    """Where the data of the stack of `folder` is, if there is any."""
    folder = Path(folder).resolve()
    if not folder.exists():
        return []
    database = home(folder, unprivileged_user())
    return [folder] if database.is_relative_to(folder) else [folder, database]


def status(folder: Path | str) -> list[ServiceStatus]:
    """State of every service of the stack of `folder`."""
    folder = Path(folder).resolve()
    site = _site(folder, cache_folder(), Processes(folder))
    living = site.processes.living()
    return [
        _status(service, site, living[service.name].pid if service.name in living else None)
        for service in _services(site)
    ]


def _status(service: Service, site: Site, pid: int | None) -> ServiceStatus:
    if pid is None:
        return ServiceStatus(service.name, "down", None, None, str(site.log(service.name)))
    state: Literal["ready", "not ready"] = "ready" if service.is_ready() else "not ready"
    return ServiceStatus(
        service.name, state, pid, f"{LOOPBACK}:{site.ports[service.name]}", str(site.log(service.name))
    )


def _start(last: Site, progress: Progress) -> Endpoints:
    """`last`: with the ports of an earlier start, if there was one."""
    started, cache = time.monotonic(), last.cache
    cache.mkdir(parents=True, exist_ok=True)
    check_machine(last.folder, cache)
    java_runtime()
    installed_programs()
    fetch(cache, progress)
    share_classes(cache)
    try:
        site = _launch(last, progress)
    except PortTaken:
        progress("another program took a port; trying others ...")
        site = _launch(replace(last, ports={}), progress)
    found = _endpoints(site)
    found.save(site.folder)
    progress(f"the stack is up after {time.monotonic() - started:.1f} s")
    return found


def _launch(last: Site, progress: Progress) -> Site:
    site = replace(last, ports=choose_ports(_PORTS, last.ports))
    write_whole(site.folder / "ports.json", json.dumps(site.ports))
    Startup(site, site.processes, progress).run(_services(site))
    return site


def _stop(processes: Processes, folder: Path) -> list[str]:
    """Returns what was there to be stopped."""
    saved.forget(folder)
    living = processes.living()
    kafka_answers = "kafka" in living
    # Connect leaves its group and commits offsets while Kafka is there; without Kafka it would wait for it.
    processes.stop(["connect"], polite={"connect": signal.SIGTERM if kafka_answers else signal.SIGKILL})
    processes.stop(polite=_POLITE)
    processes.forget()
    return sorted(living)


def _running(folder: Path, cache: Path) -> Endpoints | None:
    """The endpoints, if every service is there and ready."""
    try:
        found = saved.load(folder)
    except StackError:
        return None
    site = _site(folder, cache, Processes(folder))
    living = site.processes.living()
    return found if all(each.name in living and each.is_ready() for each in _services(site)) else None


def _services(site: Site) -> list[Service]:
    return [Kafka(site), Postgres(site), Registry(site), Connect(site)]


def _site(folder: Path, cache: Path, processes: Processes) -> Site:
    return Site(folder, cache, dict.fromkeys(_PORTS, 0) | _last_ports(folder), processes)


def _last_ports(folder: Path) -> dict[str, int]:
    try:
        ports: dict[str, int] = json.loads((folder / "ports.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return ports


def _endpoints(site: Site) -> Endpoints:
    ports = site.ports
    native = f"http://{LOOPBACK}:{ports['registry']}{NATIVE_PATH}"
    postgres = saved.Postgres(LOOPBACK, ports["postgres"], services().postgres.user)
    return Endpoints(
        provider="embedded",
        kafka_bootstrap=f"{LOOPBACK}:{ports['kafka']}",
        connect_url=f"http://{LOOPBACK}:{ports['connect']}",
        registry_url=f"http://{LOOPBACK}:{ports['registry']}{CONFLUENT_PATH}",
        registry_native_url=native,
        registry_for_connect=native,
        postgres=postgres,
        postgres_for_connect=postgres,
        logs={service.name: str(site.log(service.name)) for service in _services(site)},
    )


@contextmanager
def _termination_raises() -> Iterator[None]:
    """SIGTERM ends the start like Ctrl-C does: through the clean-up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
