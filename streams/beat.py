"""Health and metrics of the roles that are plain loops (poll, execute), served from a thread of their own.

The role is alive and ready while each of its loops has come round lately. If one hangs in a call to its system, both
answer 503."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector

from streams.settings import Settings
from streams.worker.health import serve


class Beat:
    def __init__(self, settings: Settings, silent_seconds_max: float) -> None:
        self._settings, self._silent_seconds_max = settings, silent_seconds_max
        self._last: dict[str, float] = {}
        """Loop -> when it came round last."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="health", daemon=True)
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        age = Gauge(
            "driftwise_loop_age_seconds", "Time since the role's slowest loop came round.", registry=self.registry
        )
        age.set_function(lambda: self._slowest()[0])

    def of(self, loop: str) -> Callable[[], None]:
        """A function that this loop has to call each time it comes round; its time counts from now on."""

        def came_round() -> None:
            self._last[loop] = time.monotonic()

        came_round()
        return came_round

    def __enter__(self) -> Beat:
        self._thread.start()
        host, port = self._settings.metrics_host, self._settings.metrics_port
        serving = serve(host, port, self.registry, self._silent, self._silent)
        self._server, self.port = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._server.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _silent(self) -> str | None:
        age, loop = self._slowest()
        return f"the loop of {loop} has not come round for {age:.0f} s" if age > self._silent_seconds_max else None

    def _slowest(self) -> tuple[float, str]:
        now = time.monotonic()
        return max(((now - last, loop) for loop, last in list(self._last.items())), default=(0.0, ""))
