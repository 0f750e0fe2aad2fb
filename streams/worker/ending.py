"""Ends the process: cleanly if it can, and in any case.

Threads of Faust and of the Kafka clients may wait for a broker for ever, and the event loop and the interpreter wait
for those threads. So a watchdog thread, which waits for nothing, ends the process when its time is over. It may do so
at any point: what is not committed is read again, as after a crash."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)
LEAVE_SECONDS = 10.0
"""For a clean end: longer than a commit under way may take."""
ROUND_SECONDS = 0.25
STUCK = 3
"""Exit code where something stood still; a restart mends it."""


class Ending:
    def __init__(self, ticked: Callable[[], float], stuck_after_seconds: float) -> None:
        """`ticked`: when the event loop last turned."""
        self._ticked, self._rounds_max = ticked, stuck_after_seconds / ROUND_SECONDS
        self._deadline: tuple[float, int] | None = None

    def watch(self) -> None:
        threading.Thread(target=self._watch, name="ending", daemon=True).start()

    def begin(self, code: int) -> None:
        """The process ends with this code unless it has ended by then. Takes no lock: signal handlers call it."""
        self._deadline = self._deadline or (time.monotonic() + LEAVE_SECONDS, code)

    def _watch(self) -> None:
        seen, rounds = self._ticked(), 0
        while True:
            time.sleep(ROUND_SECONDS)
            if self._deadline is not None:
                self._end_at(*self._deadline)
            # In rounds, not by the clock: a process that was asleep has not been stuck.
            seen, rounds = (seen, rounds + 1) if seen == self._ticked() else (self._ticked(), 0)
            if self._deadline is None and rounds > self._rounds_max:
                log.critical("the event loop has been blocked for %.0f s; ending the process", rounds * ROUND_SECONDS)
                os._exit(STUCK)

    def _end_at(self, deadline: float, code: int) -> None:
        if time.monotonic() > deadline:
            log.warning(
                "not ended after %.0f s: something still waits, for the broker as a rule; ending the process as it "
                "is, a restart resumes at the last commit",
                LEAVE_SECONDS,
            )
            os._exit(code)
