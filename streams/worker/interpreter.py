"""Tunes Python's garbage collector and thread switching for a worker, and for the peers of a benchmark alike."""

from __future__ import annotations

import gc
import sys
import time

from streams.worker import pages

_COLLECT = (500_000, 20, 100)
"""Thresholds of the garbage collector, much higher than Python's own. State is plain JSON data without cycles, and the
few cycles there are come from tracebacks. With Python's thresholds a third of the time of a change went into
collections, and a full one over 400,000 cached entries stopped the worker for 1.0 s."""
_ALL_SECONDS = 900.0
"""Between two full collections: the longest that garbage stays which was still in use when it was frozen."""
_SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while another wants it. A record passes from the consumer's thread to the
event loop to a commit's thread at each hop; at Python's 5 ms each of these steps may wait that long for a busy loop."""


def tune() -> None:
    """Call once everything is set up."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    _look_at_all()
    gc.set_threshold(*_COLLECT)
    pages.keep()


def committed() -> None:
    """Call after each commit: freezes what is in memory, so that collections skip it. They took a quarter of the time
    of a change while most state was cold. Freezing itself costs nothing."""
    if time.monotonic() - _looked_at > _ALL_SECONDS:
        _look_at_all()
    else:
        gc.freeze()


def _look_at_all() -> None:
    global _looked_at
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    _looked_at = time.monotonic()


_looked_at = time.monotonic()
