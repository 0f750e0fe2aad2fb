"""/metrics, /livez, /readyz: on loopback unless told otherwise.

Alive: the event loop turns, Faust has not crashed, and nothing has stood still for too long: a shard with waiting
input, a restore, the connection to the broker, or a rebalance. Ready: partitions are owned and open, no rebalance is
going on, and no shard is paused."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from schemas.errors import OperatorError

log = logging.getLogger(__name__)
REBALANCE_SECONDS_MAX = 60.0
"""How long the broker waits for a member that does not come back to the group (rebalance timeout)."""


class CannotServe(OperatorError):
    """Stop: the text names the address and why not."""


Check = Callable[[], str | None]
"""Why not, or None."""


async def serve(
    host: str, port: int, registry: CollectorRegistry, alive: Check, ready: Check
) -> tuple[web.AppRunner, int]:
    """Start the server; returns it and the port it got."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes(
        [web.get("/metrics", metrics), web.get("/livez", _answer(alive)), web.get("/readyz", _answer(ready))]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except (OSError, OverflowError) as problem:  # the latter: no such port
        await runner.cleanup()
        why = getattr(problem, "strerror", None) or problem
        raise CannotServe(
            f"metrics and health cannot be served on {host}:{port} ({why}): set "
            "DRIFTWISE_METRICS_HOST and DRIFTWISE_METRICS_PORT; port 0 takes any that is free"
        ) from None
    bound: int = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    log.info("metrics and health on http://%s:%d", host, bound)
    return runner, bound


def _answer(check: Check) -> Any:
    async def handler(_: web.Request) -> web.Response:
        reason = check()
        return web.Response(text=(reason or "ok") + "\n", status=503 if reason else 200)

    return handler


class WorkerHealth:
    def __init__(self, app: Any, stuck_after_seconds: float) -> None:
        self._app, self._stuck_after_seconds = app, stuck_after_seconds
        self._began = self.ticked = time.monotonic()
        """When the event loop last turned."""
        self._undecided_since: float | None = self.ticked

    async def tick(self) -> str:
        """Tick once a second; returns as soon as something stands still, and says what."""
        while True:
            self.ticked = time.monotonic()
            undecided = self._app.rebalancing or not self._app.joined
            self._undecided_since = (self._undecided_since or self.ticked) if undecided else None
            stuck = self._stuck()
            if stuck:
                return stuck
            await asyncio.sleep(1.0)

    def alive(self) -> str | None:
        age = time.monotonic() - self.ticked
        return f"event loop blocked for {age:.0f} s" if age > 5 else self._stuck()

    def ready(self) -> str | None:
        if not self._app.shards.runners:
            return "no partitions assigned"
        if self._app.rebalancing:
            return "rebalancing"
        if self._app.shards.openings:
            return "restoring " + ", ".join(_names(self._app.shards.openings))
        return next((runner.paused for runner in self._app.shards.runners.values() if runner.paused), None)

    def _stuck(self) -> str | None:
        checks = (self._crashed, self._unconnected, self._uncommitted, self._restoring, self._undecided)
        return next(filter(None, (check() for check in checks)), None)

    def _crashed(self) -> str | None:
        """Faust stops the service that crashed and those above it, but not the process."""
        return f"Faust crashed: {self._app.crash_reason!r}" if self._app.crashed else None

    def _unconnected(self) -> str | None:
        waited = time.monotonic() - self._began
        if self._app.connected or waited <= self._stuck_after_seconds:
            return None
        where = self._app.bootstrap
        return f"the broker at {where} has not let us in for {waited:.0f} s: check that it is up and reachable"

    def _uncommitted(self) -> str | None:
        now = time.monotonic()
        for (stage, partition), runner in self._app.shards.runners.items():
            if runner.busy_since is None:
                continue
            waited = now - max(runner.busy_since, runner.last_commit)
            if waited > self._stuck_after_seconds:
                return f"{stage}-{partition} has had input waiting without a commit for {waited:.0f} s"
        return None

    def _restoring(self) -> str | None:
        """None of the restores has advanced. Some wait for their turn, so all count together; each also has a limit of
        its own for a broker that does not answer."""
        openings = dict(self._app.shards.openings)
        waited = time.monotonic() - max((o.advance.moved_at for o in openings.values()), default=math.inf)
        if waited <= self._stuck_after_seconds:
            return None
        return f"{', '.join(_names(openings))} has been restored no further for {waited:.0f} s"

    def _undecided(self) -> str | None:
        if self._undecided_since is None:
            return None
        waited = time.monotonic() - self._undecided_since
        if waited <= self._stuck_after_seconds + REBALANCE_SECONDS_MAX:
            return None
        return (
            f"the group has not said for {waited:.0f} s who owns which partition: check the broker at "
            f"{self._app.bootstrap} and the other workers"
        )


def _names(places: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{stage}-{partition}" for stage, partition in sorted(places)]
