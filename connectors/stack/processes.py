"""Child processes that can always be found again and stopped: also after a crash, and never somebody else's."""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from connectors.stack.files import write_whole

_FOLDER_MARK = "DRIFTWISE_STACK_FOLDER"
_NAME_MARK = "DRIFTWISE_STACK_SERVICE"
_KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "TZ",
)  # the rest could change what Java or Quarkus do, or leak secrets
_PR_SET_PDEATHSIG = 1
_CLOCK_SLACK_SECONDS = 5  # start times are counted from boot: they shift when the clock is set
_STOP_SECONDS = 20
_KILL_ROUNDS = 3


@dataclass(frozen=True)
class Launch:
    """How to start a service; `user` is a numeric id to run under, `killed_by` ends it at once when its parent dies."""

    argv: list[str]
    log: Path
    cwd: Path
    user: int | None = None
    killed_by: signal.Signals = signal.SIGKILL


class Processes:
    """The processes of one stack, by service name; pid and start time of each are recorded in the stack's folder."""

    def __init__(self, folder: Path, *, attached: bool = False) -> None:
        self._folder = folder
        self._record = folder / "processes.json"
        self._attached = attached
        self._noting = threading.Lock()

    def start(self, name: str, launch: Launch) -> subprocess.Popen[bytes]:
        """Start a service in a session of its own.

        Attached processes end with the *thread* that calls this (so Linux counts), so call it from one that stays.
        """
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("ab") as log:
            process = subprocess.Popen(
                launch.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=launch.cwd,
                env=self._environment(name),
                user=launch.user,
                group=None if launch.user is None else _group_of(launch.user),
                extra_groups=None if launch.user is None else [],
                start_new_session=True,
                preexec_fn=_die_with_parent(launch.killed_by) if self._attached else None,
            )
        self._note(name, process.pid)
        return process

    def run(self, name: str, launch: Launch) -> None:
        """Start a program and wait for its end. Raises CalledProcessError unless it succeeds."""
        process = self.start(name, launch)
        if process.wait():
            raise subprocess.CalledProcessError(process.returncode, launch.argv[0])

    def living(self) -> dict[str, psutil.Process]:
        """All processes that are provably ours and alive, recorded or not."""
        return dict(reversed(self._marked())) | self._recorded()

    def stop(self, names: Iterable[str] | None = None, *, polite: Mapping[str, signal.Signals] | None = None) -> None:
        """Ask the named services (all, if none are named) to end, and kill what has not after a while."""
        wanted = None if names is None else set(names)
        ours = self._wanted(wanted)
        everyone = {each for process in ours.values() for each in (process, *_children(process))}
        for name, process in ours.items():
            _signal(process, (polite or {}).get(name, signal.SIGTERM))
        _, stubborn = psutil.wait_procs(everyone, timeout=_STOP_SECONDS)
        for _ in range(_KILL_ROUNDS):
            for process in stubborn:
                _signal(process, signal.SIGKILL)
            psutil.wait_procs(stubborn, timeout=_STOP_SECONDS)
            stubborn = list(self._wanted(wanted).values())  # who dies may have had a child in the meantime

    def _wanted(self, names: set[str] | None) -> dict[str, psutil.Process]:
        return {name: process for name, process in self.living().items() if names is None or name in names}

    def forget(self) -> None:
        """Drop the record: nothing runs any more."""
        self._record.unlink(missing_ok=True)

    def _environment(self, name: str) -> dict[str, str]:
        kept = {key: os.environ[key] for key in _KEPT_ENVIRONMENT if key in os.environ}
        return kept | {_FOLDER_MARK: str(self._folder), _NAME_MARK: name}

    def _note(self, name: str, pid: int) -> None:
        with self._noting:
            noted = self._read() | {name: [pid, psutil.Process(pid).create_time()]}
            write_whole(self._record, json.dumps(noted))

    def _read(self) -> dict[str, list[float]]:
        try:
            noted: dict[str, list[float]] = json.loads(self._record.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return noted

    def _recorded(self) -> dict[str, psutil.Process]:
        found = ((name, _alive(int(pid), started)) for name, (pid, started) in self._read().items())
        return {name: process for name, process in found if process}

    def _marked(self) -> list[tuple[str, psutil.Process]]:
        """Ours by their environment, oldest first: also what a parent left that was killed between start and record."""
        found = []
        for process in psutil.process_iter():
            try:
                environment = process.environ()
            except (psutil.Error, OSError):
                continue
            if environment.get(_FOLDER_MARK) == str(self._folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append((environment[_NAME_MARK], process))
        return sorted(found, key=lambda each: each[1].create_time())


def _alive(pid: int, started: float) -> psutil.Process | None:
    """The process, if the id still belongs to the one that was recorded."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < _CLOCK_SLACK_SECONDS and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)  # psutil checks the start time again: a reused id is left alone


def _group_of(user: int) -> int:
    return pwd.getpwuid(user).pw_gid


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":  # no such thing elsewhere: `up` finds the leftovers
        return None
    libc = ctypes.CDLL(None, use_errno=True)  # loaded before the fork: the child may only make plain calls
    parent = os.getpid()

    def in_child() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return in_child
