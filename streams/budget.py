"""Limits how many corrections a minute an executor performs at a system: so a fault spreads slowly enough to be halted,
and the system has time for its own users."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0


class Budget:
    """`clock`: seconds that never run backwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._spent: deque[float] = deque()

    def wait_seconds(self, per_minute_max: int | None) -> float:
        """Until the next correction may be performed."""
        spent = self._lately()
        if per_minute_max is None or len(spent) < per_minute_max:
            return 0.0
        return spent[0] + WINDOW_SECONDS - self._clock()

    def spend(self) -> None:
        self._lately().append(self._clock())

    def _lately(self) -> deque[float]:
        until = self._clock() - WINDOW_SECONDS
        while self._spent and self._spent[0] <= until:
            self._spent.popleft()
        return self._spent
