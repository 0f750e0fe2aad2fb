"""Python's interpreter, told what kind of process a worker is."""

from __future__ import annotations

import gc
import sys

_COLLECT = (50_000, 20, 100)
"""Thresholds of the garbage collector. State is plain JSON data and has no cycles, so looking for some is vain: a third
of the time of a change, and 1.0 s of standstill for a full collection over 400,000 cached entries. The young ones still
catch the cycles of tracebacks."""
_SWITCH_SECONDS = 0.001
"""How long a thread may keep the interpreter while another wants it. A record passes from the consumer's thread to the
event loop to a commit's thread at each hop; at Python's 5 ms each of these steps may wait that long for a busy loop."""


def tune() -> None:
    """Call once everything is set up."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what was imported stays
    gc.set_threshold(*_COLLECT)
