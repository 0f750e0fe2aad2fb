"""Files that several processes share."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Replace a file so that a reader sees the old or the new content, never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)


def bytes_below(folder: Path) -> int:
    """What a folder takes on disk; files with holes, as Kafka's indexes are, count for what is written of them."""
    size_bytes = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                size_bytes += os.lstat(os.path.join(at, name)).st_blocks * 512
    return size_bytes


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """One holder at a time; `waiting` is called if there is another. The lock is free again however its holder ends."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
