"""One trial: the facts about a module, held against one mutant of it in a process of its own; no file is changed."""

from __future__ import annotations

import contextlib
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

from tests.mutation.killers import ROOT, Selection, killers_of, path_of
from tests.mutation.operators import Mutant, mutated

TIMEOUT_SECONDS = 150
"""Some mutants go round for ever. Of CPU time, so that a busy machine kills nothing; the slowest selections take less
than half of it."""
MEMORY_BYTES = 4 * 1024**3
"""And some collect for ever."""


class OutOfTime(BaseException):
    """Nothing that a fact might catch."""


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


def is_killed(module: str, mutant: Mutant | None) -> bool:
    """Whether a fact no longer holds; with no mutant, whether one does not hold as it is. Once a process."""
    _confine()
    if mutant:
        sys.meta_path.insert(0, _Finder(mutant))
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        try:
            return any(not _hold(selection) for selection in killers_of(module))
        except OutOfTime:
            return True
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _hold(selection: Selection) -> bool:
    options = ("-x", "-q", "--capture=no", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0")
    return pytest.main([*options, *selection]) == pytest.ExitCode.OK


def _confine() -> None:
    os.chdir(ROOT)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGPROF, _time_is_up)
    signal.setitimer(signal.ITIMER_PROF, TIMEOUT_SECONDS)
    # The first counter-example is enough.
    settings.register_profile(
        "mutation", max_examples=40, phases=(Phase.explicit, Phase.generate), database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    settings.load_profile("mutation")


def _time_is_up(number: int, frame: FrameType | None) -> NoReturn:
    raise OutOfTime
