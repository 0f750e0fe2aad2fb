"""Facts about the memory of a worker; glibc's own count of what it asked the system for, in a process of its own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from streams.worker.allocator import LARGE_BYTES

_LOOK = """
import ctypes
from streams.worker.allocator import give_back_large_blocks
{first}
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd more us fs uo fo keep".split()]
libc.mallinfo2.restype = Info
def mapped(size_bytes):
    before = libc.mallinfo2().hblks
    block = libc.malloc(size_bytes)
    found = libc.mallinfo2().hblks - before
    libc.free(block)
    return found
print(mapped({large} * 4), mapped({large}))
"""


def mapped(first: str, **variables: str) -> list[str]:
    """Whether a first block, and then a smaller one, are asked of the system for themselves."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | variables
    program = [sys.executable, "-c", _LOOK.format(first=first, large=LARGE_BYTES)]
    return subprocess.run(program, env=environment, capture_output=True, text=True, check=True).stdout.split()


pytestmark = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="only glibc, since 2.33, can be asked"
)


def test_a_large_block_goes_back_to_the_system_whatever_was_freed_before() -> None:
    assert mapped("") == ["1", "0"]  # the library's own rule: the first is remembered as what is common
    assert mapped("give_back_large_blocks()") == ["1", "1"]


def test_whoever_starts_a_worker_may_choose() -> None:
    assert mapped("give_back_large_blocks()", MALLOC_MMAP_THRESHOLD_=str(LARGE_BYTES * 2)) == ["1", "0"]
