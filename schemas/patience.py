"""Whoever waits for another service is told so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

SILENT_SECONDS = 3.0


@contextmanager
def said_if_slow(who: str, what: str = "has not answered yet: waiting ...") -> Iterator[None]:
    """A line to standard error where what is done within takes longer than SILENT_SECONDS."""
    timer = Timer(SILENT_SECONDS, lambda: sys.stderr.write(f"{who} {what}\n"))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
