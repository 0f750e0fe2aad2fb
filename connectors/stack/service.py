"""What the four services have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.stack.processes import Launch, Processes


@dataclass(frozen=True)
class Site:
    """Where a stack lives: its data folder, the cache of artefacts, and a loopback port for each name."""

    folder: Path
    cache: Path
    ports: dict[str, int]
    processes: Processes
    for_long: bool = False
    """Whether it stays up so long that Connect's code is worth compiling well."""

    def log(self, name: str) -> Path:
        """The log file of a service."""
        return self.folder / "logs" / f"{name}.log"

    def output(self, name: str) -> Path:
        """What a service prints before its log is open, or instead of it."""
        return self.folder / "logs" / f"{name}.out"


class Service(Protocol):
    """One service: prepared once, launched, asked until it is ready, and completed."""

    name: str

    def prepare(self) -> None:
        """Write configuration and, at the first start, make the data folder."""

    def launch(self) -> Launch:
        """How to start it."""

    def is_ready(self) -> bool:
        """Whether it does its work now; a short question that may raise nothing."""

    def complete(self) -> None:
        """What is left to do once it is ready."""
