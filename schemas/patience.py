"""Tells a person who waits what we are waiting for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

SILENT_SECONDS = 3.0


@contextmanager
def said_if_slow(who: str, what: str = "has not answered yet: waiting ...") -> Iterator[None]:
    """Print a line to standard error if the block takes longer than SILENT_SECONDS."""
    timer = Timer(SILENT_SECONDS, lambda: sys.stderr.write(f"{who} {what}\n"))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
