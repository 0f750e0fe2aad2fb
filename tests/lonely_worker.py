"""A worker whose broker was there when it looked at the topics and has gone since, and in which something waits for
ever: `-m tests.lonely_worker WHAT`, then the options of a worker."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from schemas.registry import DictRegistry
from streams.cli import driftwise
from streams.worker import ending, main, wiring
from streams.worker.app import WorkerApp

LEAVE_SECONDS = 1.0
"""Instead of ten: nothing here ever ends politely."""


async def block(app: WorkerApp) -> None:
    time.sleep(3600)  # noqa: ASYNC251 - the fault


async def leave_a_thread(app: WorkerApp) -> None:
    threading.Thread(target=time.sleep, args=(3600,), daemon=False).start()
    app.connected = app.joined = True


STARTS: dict[str, Callable[[WorkerApp], object]] = {
    # how the app starts, by what waits for ever
    "connection": WorkerApp.start,
    "event loop": block,
    "thread": leave_a_thread,
}


if __name__ == "__main__":
    instead = {
        (main, "HttpRegistry"): lambda *_: DictRegistry(),
        (wiring, "check_topics"): lambda settings, governance: None,
        (WorkerApp, "start"): STARTS[sys.argv[1]],
        (ending, "LEAVE_SECONDS"): LEAVE_SECONDS,
    }
    for (owner, name), value in instead.items():
        setattr(owner, name, value)
    driftwise(["worker", *sys.argv[2:]])
