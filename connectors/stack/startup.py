"""Starting several services at once and waiting until each is ready."""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from connectors.stack.artefacts import Progress
from connectors.stack.errors import StackError
from connectors.stack.processes import Processes
from connectors.stack.service import Service, Site

_READY_WITHIN_SECONDS = 180  # 10 s is usual; a busy CI machine may take ten times that
_POLL_SECONDS = 0.1
_TAIL_LINES = 12


class Startup:
    """One attempt to bring services up; `run` raises StackError with the failing service's last words."""

    def __init__(self, site: Site, processes: Processes, progress: Progress) -> None:
        self._site = site
        self._processes = processes
        self._progress = progress
        self._given_up = threading.Event()

    def run(self, wanted: list[Service]) -> None:
        """Prepare in threads, launch from this thread as each is prepared, wait for all in threads."""
        with ThreadPoolExecutor(len(wanted)) as pool:
            try:
                preparing = {pool.submit(self._prepare, each): each for each in wanted}
                pending = set(preparing)
                while pending:  # a failure of any ends the wait for all
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
                        if service := preparing.pop(future, None):
                            pending.add(pool.submit(self._wait, service, self._launch(service)))
            except BaseException:
                self._given_up.set()
                self._processes.stop()  # also what is being prepared, so that the threads end
                raise

    def _prepare(self, service: Service) -> None:
        try:
            service.prepare()
        except subprocess.CalledProcessError as error:
            raise StackError(f"{service.name} could not be prepared ({error}).{self._last_words(service)}") from error

    def _launch(self, service: Service) -> subprocess.Popen[bytes]:
        return self._processes.start(service.name, service.launch())

    def _wait(self, service: Service, process: subprocess.Popen[bytes]) -> None:
        started = time.monotonic()
        while not service.is_ready():
            if process.poll() is not None:
                raise StackError(
                    f"{service.name} ended with code {process.returncode} before it was ready."
                    f"{self._last_words(service)}"
                )
            if time.monotonic() - started > _READY_WITHIN_SECONDS:
                raise StackError(
                    f"{service.name} was not ready within {_READY_WITHIN_SECONDS} s.{self._last_words(service)}"
                )
            if self._given_up.wait(_POLL_SECONDS):
                return
        service.complete()
        self._progress(f"{service.name} ready in {time.monotonic() - started:.1f} s")

    def _last_words(self, service: Service) -> str:
        files = [self._site.log(service.name), self._site.output(service.name)]
        said = [line for file in files for line in _tail(file)]
        advice = " A port was taken by another program: try again." if _names_a_port(said) else ""
        return f"{advice} Log: {files[0]}\n" + "\n".join(f"  {line}" for line in said)


def _tail(file: Path) -> list[str]:
    if not file.exists():
        return []
    return file.read_text(errors="replace").splitlines()[-_TAIL_LINES:]


def _names_a_port(lines: list[str]) -> bool:
    return any("already in use" in line.lower() or "failed to bind" in line.lower() for line in lines)
