"""What the machine must have, and ports."""

from __future__ import annotations

import shutil
import socket
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from connectors.stack import machine
from connectors.stack.errors import StackError

GIB = 1024**3
Memory = namedtuple("Memory", "available")
Disk = namedtuple("Disk", "free")


def test_too_little_memory_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(2 * GIB))
    with pytest.raises(StackError, match=r"needs 2.5 GiB of free memory, 2.0 GiB are: stop other programs"):
        machine.check(tmp_path, tmp_path)


def test_too_little_disk_is_told_with_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(8 * GIB))
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Disk(1 * GIB))
    with pytest.raises(StackError, match=rf"needs 1.5 GiB of free disk, 1.0 GiB are in {tmp_path}: free some"):
        machine.check(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("limit", "used", "available_gib"), [("max", "0", 8), (str(4 * GIB), str(1 * GIB), 3), (str(64 * GIB), "0", 8)]
)
def test_a_containers_memory_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, used: str, available_gib: int
) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(8 * GIB))
    assert machine.available_memory_bytes() == available_gib * GIB


def test_every_name_gets_a_port_of_its_own() -> None:
    ports = machine.choose_ports([str(number) for number in range(20)], {})
    assert len(set(ports.values())) == 20


def test_the_port_of_the_last_start_is_kept_where_it_is_free() -> None:
    (before,) = machine.choose_ports(["kafka"], {}).values()
    assert machine.choose_ports(["kafka"], {"kafka": before}) == {"kafka": before}


def test_a_port_that_somebody_took_is_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert machine.is_listening(port)
        assert machine.choose_ports(["kafka"], {"kafka": port})["kafka"] != port
