"""What the machine must have before services are started on it."""

from __future__ import annotations

import random
import shutil
import socket
from pathlib import Path

import psutil

from connectors.stack.errors import StackError

LOOPBACK = "127.0.0.1"
_GIB = 1024**3
MEMORY_NEEDED_BYTES = int(2.5 * _GIB)
DISK_NEEDED_BYTES = int(1.5 * _GIB)
_PORTS = range(20_000, 30_000)  # below those that systems hand to outgoing connections, which come and go
_CGROUP = Path("/sys/fs/cgroup")


def check(folder: Path, cache: Path) -> None:
    """Raises StackError where memory or disk will not do, before anything is started."""
    memory = available_memory_bytes()
    if memory < MEMORY_NEEDED_BYTES:
        raise StackError(
            f"The stack needs {MEMORY_NEEDED_BYTES / _GIB:.1f} GiB of free memory, {memory / _GIB:.1f} GiB are: "
            "stop other programs or give the machine (or container) more."
        )
    for place in (folder, cache):
        free = shutil.disk_usage(place).free
        if free < DISK_NEEDED_BYTES:
            raise StackError(
                f"The stack needs {DISK_NEEDED_BYTES / _GIB:.1f} GiB of free disk, {free / _GIB:.1f} GiB are in {place}"
                ": free some, or choose another place (--folder, DRIFTWISE_CACHE)."
            )


def available_memory_bytes() -> int:
    """Memory that can still be had: the machine's, or what the container's limit leaves of it."""
    available: int = psutil.virtual_memory().available
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return available if limit == "max" else min(available, int(limit) - int(used))
    except (OSError, ValueError):
        return available


def choose_ports(names: list[str], preferred: dict[str, int]) -> dict[str, int]:
    """A free loopback port for each name: the preferred one where it is free, else any.

    All are held until all are known, so that no port is handed out twice.
    """
    held = {name: _hold(preferred.get(name, 0)) for name in names}
    try:
        return {name: listener.getsockname()[1] for name, listener in held.items()}
    finally:
        for listener in held.values():
            listener.close()


def _hold(preferred: int) -> socket.socket:
    for port in (preferred, *random.sample(_PORTS, len(_PORTS)))[0 if preferred else 1 :]:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(1)  # with SO_REUSEADDR, a port that is bound but not listened to can be bound again
        except OSError:
            listener.close()
        else:
            return listener
    raise StackError(f"No port from {_PORTS.start} to {_PORTS.stop} is free on {LOOPBACK}: stop other programs.")


def is_listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
