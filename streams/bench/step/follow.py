"""Following a run to its very end. A stage that settles in event time does not end with its last input: what the last
watermarks released is still to be worked off, and a window that leaves that out flatters."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from streams.bench.watch import ContestantFailed, Sample, Window, last_lines

_POLL_SECONDS = 0.05


class Bounds(NamedTuple):
    warm_share: float = 0.15
    """Of the input, before the window begins; it begins with a commit."""
    measured_seconds_max: float = 30.0
    """One that takes longer is measured so long, by its commits."""
    silent_seconds_max: float = 90.0
    """With nothing committed for so long it is given up."""


def follow(process: subprocess.Popen[bytes], done: Callable[[], int], total: int, bounds: Bounds, log: Path) -> Window:
    """From the first commit that is warm to the end, or to the last commit in time."""
    samples = [Sample(time.monotonic(), 0, 0.0)]
    worker = psutil.Process(process.pid)
    while not _over(samples, total, bounds):
        time.sleep(_POLL_SECONDS)
        if process.poll() is not None:
            raise ContestantFailed(f"ended with code {process.returncode}: {last_lines(log)}")
        count, now = done(), time.monotonic()
        if count > samples[-1].done:
            times = worker.cpu_times()
            samples.append(Sample(now, count, times.user + times.system))
        elif now - samples[-1].at_seconds > bounds.silent_seconds_max:
            raise ContestantFailed(f"nothing committed for {bounds.silent_seconds_max:.0f} s: {last_lines(log)}")
    return window(samples, total, bounds)


def window(samples: Sequence[Sample], total: int, bounds: Bounds) -> Window:
    first, last = _warm(samples, total, bounds), samples[-1]
    assert first is not None
    seconds, cpu_seconds = last.at_seconds - first.at_seconds, last.cpu_seconds - first.cpu_seconds
    return Window(last.done - first.done, seconds, cpu_seconds, last.done >= total)


def _warm(samples: Sequence[Sample], total: int, bounds: Bounds) -> Sample | None:
    return next((s for s in samples if s.done and s.done >= total * bounds.warm_share), None)


def _over(samples: Sequence[Sample], total: int, bounds: Bounds) -> bool:
    first, last = _warm(samples, total, bounds), samples[-1]
    if first is None or last is first:
        return False
    return last.done >= total or last.at_seconds - first.at_seconds >= bounds.measured_seconds_max
