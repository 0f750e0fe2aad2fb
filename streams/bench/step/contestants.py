"""Who judges the workload, how each is started, and which topics it writes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from schemas import topics
from streams.bench.peers import environment
from streams.bench.table import Bench
from streams.judge.stage import WRITES

_ROOT = Path(__file__).parents[3]
OURS_WRITES = (*WRITES, topics.CHANGELOG + "judge")


@dataclass(frozen=True)
class Contestant:
    name: str
    kind: Literal["bare", "worker", "quix"]
    default_interval_seconds: float | None = None
    """Of commits, as documented; None: not run at its default."""
    options: tuple[str, ...] = ()
    checked: bool = True
    """Whether its corrected state has to be right."""


CONTESTANTS: tuple[Contestant, ...] = (
    Contestant("bare_loop", "bare"),
    Contestant("ours", "worker", 0.1),
    Contestant("ours_all_kinds", "worker", options=("--all-kinds",)),
    Contestant("quix", "quix", 5.0, ("--guarantee", "exactly-once")),
    Contestant("quix_at_least_once", "quix", 5.0, ("--guarantee", "at-least-once")),
    Contestant("quix_spared", "quix", None, ("--guarantee", "exactly-once", "--spared"), checked=False),
)


@dataclass(frozen=True)
class Run:
    """One run of one contestant."""

    contestant: Contestant
    name: str
    bootstrap: str
    folder: Path
    total: int
    commit_interval_seconds: float | None

    @property
    def done_file(self) -> Path:
        return self.folder / "done"

    def command(self, bench: Bench) -> list[str]:
        match self.contestant.kind:
            case "bare":
                own = [sys.executable, "-m", "streams.bench.step.bare", "--total", str(self.total)]
                return [*own, "--done-file", str(self.done_file), *self._common(), *self._interval()]
            case "worker":
                own = [sys.executable, "-m", "streams.bench.step.worker", "--run", self.name, *self.contestant.options]
                return [*own, "--done-file", str(self.done_file), *self._common(), *self._interval()]
            case "quix":
                own = [str(environment.python(bench.progress)), "-m", "streams.bench.step.quix_step"]
                return [*own, "--run", self.name, *self.contestant.options, *self._common(), *self._interval()]

    def environment(self) -> dict[str, str]:
        """Our packages are not installed where the peers live."""
        return os.environ | {"PYTHONPATH": str(_ROOT)}

    def topics(self) -> tuple[str, ...]:
        """Topics to be there before it starts; Quix Streams makes its own."""
        return OURS_WRITES if self.contestant.kind == "worker" else ()

    def corrected_state(self) -> str | None:
        """Where its corrected state is to be read; None: there is nothing to check."""
        if not self.contestant.checked:
            return None
        return {"bare": None, "worker": topics.CORRECTED_STATE, "quix": f"{self.name}.{topics.CORRECTED_STATE}"}[
            self.contestant.kind
        ]

    def _common(self) -> list[str]:
        return ["--bootstrap", self.bootstrap, "--folder", str(self.folder)]

    def _interval(self) -> list[str]:
        given = self.commit_interval_seconds
        return [] if given is None else ["--commit-interval-seconds", str(given)]
