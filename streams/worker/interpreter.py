"""Python's interpreter, told what kind of process a worker is. Needs nothing that peers of a benchmark do not have."""

from __future__ import annotations

import gc
import sys
import time

from streams.worker import pages

_COLLECT = (500_000, 20, 100)
"""Thresholds of the garbage collector. State is plain JSON data and has no cycles, so looking for some is vain: a third
of the time of a change by Python's own thresholds, and 1.0 s of standstill for a full look at 400,000 cached entries.
Cycles, as of tracebacks, are few."""
_ALL_SECONDS = 900.0
"""Between two looks at everything: a cycle that was alive at a commit and fell apart later stays no longer."""
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
    """Call after each commit: what is remembered by then is not looked through again, which was a quarter of the time
    of a change with most state cold. Costs nothing: the lists of the collector change hands."""
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
