"""The C library's allocator, told what kind of process a worker is.

glibc asks the system for a large block and gives it back when it is freed, but takes for large what is larger than all
it was ever given back. Memtables grow by a MiB at a time: the first that is flushed would end that, and from then on
each thread's own heap keeps what the memtables of its shards once had, while the budget of all (`tables.state`) is used
by others. Of ten shards 94 MiB lay there, held and free, beside the 65 in use; with this it is 10."""

from __future__ import annotations

import ctypes
import os

LARGE_BYTES = 1024 * 1024
"""The blocks of RocksDB's memtables are that large, and little else is."""
_M_MMAP_THRESHOLD = -3
"""Of `malloc.h`."""


def give_back_large_blocks() -> None:
    """Nothing where the C library has no such choice, or whoever started us made it."""
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        choose(_M_MMAP_THRESHOLD, LARGE_BYTES)
