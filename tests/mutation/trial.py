"""One trial: the facts about a module, held against one mutant of it in a process of its own; no file is changed."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_loader
from types import CodeType, FrameType, ModuleType
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutation.killers import ROOT, Selection, in_order, killers_of, path_of
from tests.mutation.operators import Mutant, mutated

TIMEOUT_SECONDS = 150
"""Some mutants go round for ever. Of CPU time, so that a busy machine kills nothing; the slowest selections take less
than half of it."""
MEMORY_BYTES = 4 * 1024**3
"""And some collect for ever."""
OPTIONS = ("-x", "-q", "--capture=no", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0",
           "--hypothesis-profile=mutation")  # fmt: skip


class OutOfTime(BaseException):
    """Nothing that a fact might catch."""


class Chosen:
    """Tells pytest to try what is selected, in that order."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        self._selections = selections

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = in_order(self._selections, items)


class _Changed(SourceFileLoader):
    """Loads the module as the mutant has it, past the compiled files."""

    def __init__(self, name: str, path: str, number: int) -> None:
        super().__init__(name, path)
        self._number = number

    def get_code(self, fullname: str) -> CodeType:
        return compile(mutated(self.get_data(self.path).decode(), self._number), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        file = str(path_of(fullname))
        return spec_from_loader(fullname, _Changed(fullname, file, self._mutant.number))


def is_killed(mutant: Mutant) -> bool:
    """Whether a fact no longer holds. Once a process, in which nothing of ours was imported before."""
    confine()
    sys.meta_path.insert(0, _Finder(mutant))
    selections = killers_of(mutant.module)
    files = dict.fromkeys(selection.file for selection in selections)
    try:
        return pytest.main([*OPTIONS, *files], plugins=[Chosen(selections)]) != pytest.ExitCode.OK
    except OutOfTime:
        return True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def confine() -> None:
    """This process: quiet, for a while, in so much memory."""
    silence()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGPROF, _time_is_up)
    signal.setitimer(signal.ITIMER_PROF, TIMEOUT_SECONDS)


def silence() -> None:
    os.chdir(ROOT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # The first counter-example is enough.
    settings.register_profile(
        "mutation", max_examples=40, phases=(Phase.explicit, Phase.generate), database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _time_is_up(number: int, frame: FrameType | None) -> NoReturn:
    raise OutOfTime
