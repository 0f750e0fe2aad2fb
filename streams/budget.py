"""Budgets: how many corrections a minute an executor performs at a system, so that what goes wrong goes wrong
slowly enough to be halted, and a system has time for its own users."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0


class Budget:
    """`clock`: seconds that never run backwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._spent: defaultdict[str, deque[float]] = defaultdict(deque)

    def wait_seconds(self, system: str, per_minute_max: int | None) -> float:
        """Until the next correction may be performed there."""
        spent = self._lately(system)
        if per_minute_max is None or len(spent) < per_minute_max:
            return 0.0
        return spent[0] + WINDOW_SECONDS - self._clock()

    def spend(self, system: str) -> None:
        self._lately(system).append(self._clock())

    def _lately(self, system: str) -> deque[float]:
        spent, until = self._spent[system], self._clock() - WINDOW_SECONDS
        while spent and spent[0] <= until:
            spent.popleft()
        return spent
