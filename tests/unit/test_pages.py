"""Huge pages: which memory is put together, and that the kernel does it where it can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.worker import pages
from streams.worker.pages import Region, filled, slices

MIB = 2**20
NEW = "MADV_COLLAPSE came with Linux 6.1"


def mapped(where: str, resident_kib: int, access: str = "rw-p", inode: int = 0, of: str = "") -> str:
    return f"{where} {access} 00000000 00:00 {inode} {of}\nSize: 4096 kB\nRss: {resident_kib} kB\nVmFlags: rd wr\n"


def test_memory_of_our_own_that_is_in_use_is_put_together() -> None:
    assert list(filled(mapped("7f0000000000-7f0000400000", 4096))) == [Region(0x7F0000000000, 0x7F0000400000)]
    assert list(filled(mapped("7f0000000000-7f0000400000", 4096, of="[heap]"))) != []


@pytest.mark.parametrize(
    "left_alone",
    [
        pytest.param(mapped("7f0000000000-7f0000400000", 512), id="nearly empty, as a thread's stack is"),
        pytest.param(mapped("7f0000000000-7f0000400000", 4096, access="r--p"), id="nothing is written there"),
        pytest.param(mapped("7f0000000000-7f0000400000", 4096, inode=7, of="/lib/libc.so"), id="of a file"),
        pytest.param(mapped("7f0000000000-7f0000400000", 4096, access="rw-s"), id="shared with others"),
        pytest.param(mapped("7f0000000000-7f0000400000", 4096, of="[stack]"), id="the main stack"),
    ],
)
def test_other_memory_is_left_alone(left_alone: str) -> None:
    assert list(filled(left_alone)) == []


def test_only_whole_huge_pages_are_asked_for_and_few_at_a_time() -> None:
    asked = list(slices(Region(1 * MIB, 21 * MIB), 2 * MIB))
    assert asked == [Region(2 * MIB, 10 * MIB), Region(10 * MIB, 18 * MIB), Region(18 * MIB, 20 * MIB)]
    assert list(slices(Region(1 * MIB, 3 * MIB), 2 * MIB)) == []


@pytest.mark.parametrize(
    ("enabled", "expected"),
    [("always [madvise] never", 2 * MIB), ("[always] madvise never", 2 * MIB), ("always madvise [never]", None)],
)
def test_nobody_asks_where_the_kernel_gives_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enabled: str, expected: int | None
) -> None:
    monkeypatch.setattr(pages, "_KERNEL", tmp_path)
    assert pages.offered() is None, "no such kernel"
    (tmp_path / "enabled").write_text(enabled)
    (tmp_path / "hpage_pmd_size").write_text(str(2 * MIB))
    assert pages.offered() == expected


REMEMBERS = """
import time
from pathlib import Path
from streams.worker import pages
remembered = [{"n": n} for n in range(200_000)]
pages.keep()
until = time.monotonic() + 30
while time.monotonic() < until:
    if any(int(line.split()[1]) for line in Path("/proc/self/smaps_rollup").open() if line.startswith("AnonHuge")):
        raise SystemExit(0)
    time.sleep(0.05)
raise SystemExit(1)
"""


@pytest.mark.skipif(pages.offered() is None, reason="this kernel gives no huge pages")
@pytest.mark.skipif(tuple(map(int, os.uname().release.split(".")[:2])) < (6, 1), reason=NEW)
def test_what_a_process_remembers_comes_to_lie_in_huge_pages() -> None:
    assert subprocess.run([sys.executable, "-c", REMEMBERS], check=False, timeout=60).returncode == 0
