"""Runs the simulator: in the foreground, or in a thread of the calling process."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from connectors.salesforce.simulator.app import make_app
from connectors.salesforce.simulator.faults import Faults
from connectors.salesforce.simulator.org import Org
from connectors.salesforce.simulator.session import ApiClient
from connectors.salesforce.simulator.store import Store

START_SECONDS_MAX = 10


@dataclass(frozen=True)
class Simulator:
    """A running simulator. `store` and `faults` may be used from any thread, beside the HTTP surface."""

    base_url: str
    org: Org

    @property
    def store(self) -> Store:
        return self.org.store

    @property
    def faults(self) -> Faults:
        return self.org.faults


@contextmanager
def running(
    clients: Iterable[ApiClient],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 0,
    token_seconds: float = 7200,
    api_limit: int = 100_000,
    clock: Callable[[], float] = time.time,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Simulator]:
    """Serves an empty org from a thread until the block ends; port 0 takes a free one."""
    org = Org(clients, clock, seed=seed, token_seconds=token_seconds, api_limit=api_limit)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="salesforce-simulator", daemon=True)
    thread.start()
    runner = web.AppRunner(make_app(org), access_log=None)
    try:
        bound = asyncio.run_coroutine_threadsafe(_start(runner, host, port, tls), loop).result(START_SECONDS_MAX)
        yield Simulator(f"{'https' if tls else 'http'}://{host}:{bound}", org)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(START_SECONDS_MAX)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def serve(
    host: str,
    port: int,
    clients: Iterable[ApiClient],
    *,
    stop: threading.Event,
    on_ready: Callable[[Simulator], None] = lambda _simulator: None,
    seed: int = 0,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serves an org until `stop` is set; `on_ready` gets the running simulator, for its address."""
    with running(clients, host=host, port=port, seed=seed, tls=tls) as simulator:
        on_ready(simulator)
        stop.wait()


async def _start(runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext | None) -> int:
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=tls, shutdown_timeout=0.1)
    await site.start()
    bound: int = runner.addresses[0][1]
    return bound
