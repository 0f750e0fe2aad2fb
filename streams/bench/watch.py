"""Watching a contestant from outside: how many outputs are committed, and how much processor time that took."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil

_POLL_SECONDS = 0.05
_LOOKS, _LOOK_SECONDS = 3, 0.01


class ContestantFailed(Exception):
    """Stop: a contestant ended, or did not begin in time; the text has its last lines."""


@dataclass(frozen=True)
class Limits:
    """When a run is warm and when it ends; the same for all of one size."""

    warm_share: float = 0.25
    warm_seconds_max: float = 20.0
    """A slow contestant is warm after this time, whatever its share."""
    measured_seconds_max: float = 15.0
    end_share: float = 0.95
    """The tail is left out: partitions end at different times, and the last commit may wait out its interval."""
    start_seconds_max: float = 60.0


class Sample(NamedTuple):
    at_seconds: float
    done: int
    cpu_seconds: float


class Window(NamedTuple):
    """The measured part of a run."""

    events: int
    seconds: float
    cpu_seconds: float
    finished: bool
    """Whether the run came to the end of the input, rather than to that of its time."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cpu_seconds_per_million(self) -> float:
        return self.cpu_seconds * 1_000_000 / self.events


def watch(process: subprocess.Popen[bytes], done: Callable[[], int], total: int, limits: Limits, log: Path) -> Window:
    """Follow a contestant until it has been measured. Samples are taken whenever more is committed, so both ends of the
    window are commits and no part of an interval is counted twice or lost."""
    samples = [Sample(time.monotonic(), 0, 0.0)]
    worker = psutil.Process(process.pid)
    while not _is_over(samples, total, limits):
        time.sleep(_POLL_SECONDS)
        if process.poll() is not None:
            raise ContestantFailed(f"ended with code {process.returncode}: {last_lines(log)}")
        count = _settled(done)
        if count > samples[-1].done:
            times = worker.cpu_times()
            samples.append(Sample(time.monotonic(), count, times.user + times.system))
        elif time.monotonic() - samples[-1].at_seconds > limits.start_seconds_max:
            raise ContestantFailed(f"nothing committed for {limits.start_seconds_max:.0f} s: {last_lines(log)}")
    return window(samples, total, limits)


def _settled(done: Callable[[], int]) -> int:
    """One commit shows in one partition after the other: look again until nothing moves, but not for long, since what
    is written without transactions moves all the time."""
    count = done()
    for _ in range(_LOOKS):
        time.sleep(_LOOK_SECONDS)
        before, count = count, done()
        if count == before:
            break
    return count


def window(samples: Sequence[Sample], total: int, limits: Limits) -> Window:
    """From the first warm sample to the last one before the tail."""
    warm = _warm(samples, total, limits)
    assert warm is not None
    inside = [s for s in samples if s.at_seconds > warm.at_seconds and s.done <= total * limits.end_share]
    last = inside[-1] if inside else samples[-1]
    if last is warm:  # a small run, all in one commit: it has no warm part
        warm = samples[0]
    finished = samples[-1].done > total * limits.end_share
    return Window(
        last.done - warm.done, last.at_seconds - warm.at_seconds, last.cpu_seconds - warm.cpu_seconds, finished
    )


def _warm(samples: Sequence[Sample], total: int, limits: Limits) -> Sample | None:
    began = next((s for s in samples if s.done), samples[-1]).at_seconds
    enough, late = total * limits.warm_share, began + limits.warm_seconds_max
    return next((s for s in samples if s.done and (s.done >= enough or s.at_seconds >= late)), None)


def _is_over(samples: Sequence[Sample], total: int, limits: Limits) -> bool:
    warm, last = _warm(samples, total, limits), samples[-1]
    if warm is None:
        return False
    return last.done > total * limits.end_share or last.at_seconds - warm.at_seconds >= limits.measured_seconds_max


def last_lines(log: Path, count: int = 12) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(["", *lines[-count:]])
