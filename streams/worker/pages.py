"""Huge pages for what a worker remembers: a gigabyte of small objects, of which each change needs others.

Of pages of 4 KiB there are so many that hardly one has its address translated already, and a virtual machine looks each
up in two sets of tables. The kernel gives huge pages to a process that asks (`madvise`, what most distributions are set
to), and puts together what is filled already (Linux 6.1); elsewhere nothing happens.

Source: https://docs.kernel.org/admin-guide/mm/transhuge.html"""

from __future__ import annotations

import ctypes
import mmap
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

_KERNEL = Path("/sys/kernel/mm/transparent_hugepage")
_MAPPED = Path("/proc/self/smaps")
_COLLAPSE = 25
"""MADV_COLLAPSE, which Python's mmap does not name yet."""
_FILLED = 0.9
"""Less of a region is left alone: what is empty of it would take memory."""
_SLICE_BYTES = 8 * 2**20
_REST = 4
"""So many times as long as a slice took, the next one waits: the core belongs to others."""
_PAUSE_SECONDS = 10.0


class Region(NamedTuple):
    begin: int
    end: int


@cache
def keep() -> None:
    """Once, and from then on beside everything else, as long as the process lives."""
    page_bytes = offered()
    if page_bytes is not None:
        threading.Thread(target=_keep, args=(page_bytes,), name="huge-pages", daemon=True).start()


def offered() -> int | None:
    """How large a huge page is, where the kernel gives any to who asks."""
    try:
        _MAPPED.read_text()  # may be hidden from the process
        is_never = "[never]" in (_KERNEL / "enabled").read_text()
        return None if is_never else int((_KERNEL / "hpage_pmd_size").read_text())
    except (OSError, ValueError):
        return None


def _keep(page_bytes: int) -> None:
    while True:
        for region in filled(_MAPPED.read_text()):
            for each in slices(region, page_bytes):
                _put_together(each)
        time.sleep(_PAUSE_SECONDS)


def filled(smaps: str) -> Iterator[Region]:
    """Of the process's own memory what is in use nearly throughout."""
    begin, end, is_own = 0, 0, False
    for line in smaps.splitlines():
        name, *values = line.split()
        if not name.endswith(":"):
            begin, end = (int(each, 16) for each in name.split("-"))
            access, _, _, inode, *of = values
            is_own = access == "rw-p" and inode == "0" and of in ([], ["[heap]"])
        elif name == "Rss:" and is_own and int(values[0]) * 1024 >= _FILLED * (end - begin):
            yield Region(begin, end)


def slices(region: Region, page_bytes: int) -> Iterator[Region]:
    """Its whole huge pages, some at a time."""
    first, last = -(-region.begin // page_bytes) * page_bytes, region.end // page_bytes * page_bytes
    for begin in range(first, last, _SLICE_BYTES):
        yield Region(begin, min(begin + _SLICE_BYTES, last))


def _put_together(region: Region) -> None:
    """What is together already costs next to nothing. The kernel may refuse, and is asked again."""
    started, length = time.monotonic(), region.end - region.begin
    _madvise(region.begin, length, mmap.MADV_HUGEPAGE)
    _madvise(region.begin, length, _COLLAPSE)
    time.sleep((time.monotonic() - started) * _REST)


_madvise = ctypes.CDLL(None).madvise
_madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
