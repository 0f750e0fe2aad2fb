"""Starting several services at once and waiting until each is ready."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from connectors.stack.artefacts import Progress
from connectors.stack.errors import PortTaken, StackError
from connectors.stack.processes import Processes
from connectors.stack.service import Service, Site

_READY_WITHIN_SECONDS = 180  # 10 s is usual; a busy CI machine may take ten times that
_POLL_SECONDS = 0.1
_TAIL_LINES = 12
_NAMES_A_PORT = re.compile(r"in use\b|failed to bind", re.IGNORECASE)
_TELLING = re.compile(r"\b(ERROR|FATAL|error:|\w+Exception|\w+Error)\b")


class Startup:
    """One attempt to bring services up; `run` raises StackError with the failing service's last words."""

    def __init__(self, site: Site, processes: Processes, progress: Progress) -> None:
        self._site = site
        self._processes = processes
        self._progress = progress
        self._given_up = threading.Event()
        self._logged_before: dict[Path, int] = {}

    def run(self, wanted: list[Service]) -> None:
        """Prepare in threads, launch from this thread as each is prepared, wait for all in threads."""
        self._logged_before = {file: _size(file) for each in wanted for file in _files(self._site, each)}
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
                kind = PortTaken if any(map(_NAMES_A_PORT.search, self._said(service))) else StackError
                raise kind(
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
        """Its log, and the last lines that tell of errors; any lines, if none does."""
        said = self._said(service)
        telling = [line for line in said if _TELLING.search(line)]
        shown = "\n".join(f"  {line}" for line in (telling or said)[-_TAIL_LINES:])
        return f" Log: {self._site.log(service.name)}\n{shown}"

    def _said(self, service: Service) -> list[str]:
        """What it logged and printed since this start."""
        files = _files(self._site, service)
        return [line for file in files for line in _lines(file, self._logged_before.get(file, 0))]


def _files(site: Site, service: Service) -> list[Path]:
    return [site.log(service.name), site.output(service.name)]


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _lines(file: Path, offset: int) -> list[str]:
    if not file.exists():
        return []
    content = file.read_bytes()
    new = content[offset:] if offset <= len(content) else content  # it was rotated
    return new.decode(errors="replace").splitlines()
