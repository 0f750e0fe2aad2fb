"""Makes glibc give large freed blocks back to the system.

By default glibc raises its threshold for "large" to the largest block that was ever freed. RocksDB's memtables grow by
1 MiB at a time, so after the first flush such blocks count as small: each thread's heap then keeps what the memtables
of its shards once used. With ten shards 94 MiB were held that way beside 65 MiB in use; with a fixed threshold it is
10."""

from __future__ import annotations

import ctypes
import os

LARGE_BYTES = 1024 * 1024
"""As large as the blocks of RocksDB's memtables; little else is."""
_M_MMAP_THRESHOLD = -3
"""From `malloc.h`."""


def give_back_large_blocks() -> None:
    """Does nothing with another C library, or where the environment has set the threshold."""
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        choose(_M_MMAP_THRESHOLD, LARGE_BYTES)
