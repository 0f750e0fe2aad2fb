"""Workers as processes, seen from outside: who has which partition, and how far it is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from streams.bench.watch import ContestantFailed, last_lines
from streams.bench.workload import PARTITIONS

_POLL_SECONDS = 0.02
_STOP_SECONDS = 30


@dataclass
class Member:
    """One worker; a restart finds its folder and its membership again."""

    bootstrap: str
    run: str
    source: str
    name: str
    folder: Path
    standbys: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def stores(self) -> Path:
        return self.folder / self.name

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> Member:
        self._told.unlink(missing_ok=True)
        options = {
            "bootstrap": self.bootstrap,
            "run": self.run,
            "source": self.source,
            "instance": f"{self.run}-{self.name}",
            "standbys": self.standbys,
            "folder": self.stores,
            "told": self._told,
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams.bench.recovery.worker", *arguments], stdout=output, stderr=output
            )
        return self

    @property
    def _told(self) -> Path:
        return self.folder / f"{self.name}.json"

    def _said(self, what: str) -> dict[int, int]:
        if not self._told.exists():
            return {}
        return {int(partition): number for partition, number in json.loads(self._told.read_text())[what].items()}

    @property
    def positions(self) -> dict[int, int]:
        """Partition -> the next offset as of its last commit, of each that it has."""
        return self._said("positions")

    @property
    def lag(self) -> dict[int, int]:
        """Partition -> changelog records that its warm copy is behind."""
        return self._said("lag")

    def check(self) -> None:
        """Raises ContestantFailed, with the last lines of its log, if it has ended."""
        if self.process is not None and (code := self.process.poll()) is not None:
            raise ContestantFailed(f"worker {self.name} ended with code {code}: {last_lines(self.log)}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._told.unlink(missing_ok=True)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Group:
    """The living members of a group."""

    members: list[Member]
    last: dict[int, int] = field(default_factory=dict)

    def positions(self) -> dict[int, int]:
        """Every partition's position as it was last seen, also where nobody has it now."""
        for member in self.members:
            for partition, offset in member.positions.items():
                self.last[partition] = max(offset, self.last.get(partition, 0))
        return self.last

    def owned(self) -> set[int]:
        return {partition for member in self.members for partition in member.positions}

    def wait(self, condition: Callable[[], bool], what: str, timeout_seconds: float) -> float:
        """Seconds until it was so. Raises ContestantFailed where a member ends, or after the time."""
        started = time.monotonic()
        while not condition():
            for member in self.members:
                member.check()
            if time.monotonic() - started > timeout_seconds:
                raise ContestantFailed(f"not so after {timeout_seconds:.0f} s: {what}{last_lines(self.members[0].log)}")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - started

    def wait_owned(self, timeout_seconds: float) -> float:
        return self.wait(lambda: len(self.owned()) == PARTITIONS, "every partition has an owner", timeout_seconds)

    def stop(self) -> None:
        for member in self.members:
            member.stop()
