"""Python's cyclic garbage collector, told what kind of process this is."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Call once everything is set up. A worker makes plain data by the million, none of it in cycles, and keeps some
    100,000 values of it cached; the collector looks through them again and again for nothing, for a third of the time
    of a change. It still runs, for what few cycles there are."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
