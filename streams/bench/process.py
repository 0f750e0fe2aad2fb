"""The process of a contestant: started with its own log, and gone when the benchmark is, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 30


def start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start it; what it says goes to the log. Call from the main thread: a contestant ends with the thread."""
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, preexec_fn=_die_with_parent())


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and end it if it does not."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _die_with_parent() -> Callable[[], None] | None:
    """A killed benchmark leaves nobody who waits for its broker for ever; Linux only."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)  # loaded before the fork: the child may only make plain calls
    parent = os.getpid()

    def in_child() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return in_child
