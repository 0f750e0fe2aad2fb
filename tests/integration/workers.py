"""A worker as its users run it: a process of its own, seen through its log, its exit code and its HTTP port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx

_RESTORED = re.compile(r"(\w+-\d+): (\d+) changelog records restored")


class Answer(NamedTuple):
    status: int
    """0: nobody answers."""
    text: str


WORKER = (sys.executable, "-m", "streams", "worker")


class Worker:
    def __init__(self, folder: Path, environment: Mapping[str, str], program: Sequence[str] = WORKER) -> None:
        """`folder`: where its stores, its log and the file with its port live."""
        folder.mkdir(parents=True, exist_ok=True)
        self.data = Path(environment["DRIFTWISE_DATA"])
        self._log, self._port = folder / "log", folder / "port"
        self._port.unlink(missing_ok=True)
        with self._log.open("ab") as output:
            self._log_start = output.tell()
            self.process = subprocess.Popen(
                [*program, "--port-file", str(self._port)],
                env=os.environ | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """What this process has written so far."""
        return self._log.read_bytes()[self._log_start :].decode()

    @property
    def restored(self) -> dict[str, int]:
        """Shard -> how many changelog records it has replayed."""
        return {shard: int(count) for shard, count in _RESTORED.findall(self.log)}

    def ask(self, path: str) -> Answer:
        try:
            port = self._port.read_text()
            answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5)
        except (FileNotFoundError, httpx.HTTPError):
            return Answer(0, "")
        return Answer(answer.status_code, answer.text)

    def wait_ready(self, timeout_seconds: float = 60) -> Worker:
        self.wait(lambda: self.ask("/readyz").status == 200, timeout_seconds)
        return self

    def wait(self, condition: Callable[[], bool], timeout_seconds: float = 60) -> None:
        """Until it is so; a worker that ends by itself meanwhile never makes it so."""
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log[-4000:]}"
            assert time.monotonic() < deadline, f"not so after {timeout_seconds} s:\n{self.log[-4000:]}"
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_seconds: float = 60) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.ended(timeout_seconds)

    def ended(self, timeout_seconds: float = 60) -> int:
        """Wait for it to end by itself; returns the exit code."""
        try:
            return self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there after {timeout_seconds} s:\n{self.log[-4000:]}") from None

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)
