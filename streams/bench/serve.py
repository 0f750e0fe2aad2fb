"""Our own worker as a contestant: run until told to stop by SIGTERM, and tell meanwhile how far it is."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from streams.worker import interpreter
from streams.worker.app import WorkerApp
from streams.worker.event_loop import choose_loop


def serve(app: WorkerApp, file: Path, tell: Callable[[], str], *, every_seconds: float = 0.1) -> int:
    """Returns the exit code. `tell` says what to write into `file`: readers see one telling or the next, never half."""
    choose_loop()
    return asyncio.run(_serve(app, file, tell, every_seconds))


async def _serve(app: WorkerApp, file: Path, tell: Callable[[], str], every_seconds: float) -> int:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    app.in_worker, app.on_fatal = True, stopping.set
    app.finalize()
    interpreter.tune()
    await app.start()
    telling = asyncio.create_task(_tell(file, tell, every_seconds))
    await stopping.wait()
    telling.cancel()
    await app.shards.close()
    await app.stop()
    return 1 if app.failure else 0


async def _tell(file: Path, tell: Callable[[], str], every_seconds: float) -> None:
    draft = file.with_suffix(".draft")
    while True:
        draft.write_text(tell())
        os.replace(draft, file)
        await asyncio.sleep(every_seconds)
