"""Trials without imports: a process loads all facts, and each trial is a copy of it with another body of a function.

A function that was called while the facts were loaded may have left something behind: its mutants are not tried here.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

import pytest

from tests.mutation.killers import in_order, killers_of, path_of
from tests.mutation.operators import Mutant
from tests.mutation.swap import Body, body_of, swap
from tests.mutation.trial import OPTIONS, confine, silence

Work = Mutant | str
"""Or a module: its facts, without a mutant."""
Fate = tuple[Work, bool | None]
"""Whether it was killed; None: not to be tried here."""
KILLED, SURVIVED, UNTRIED = 0, 3, 4


def fates(tried: Sequence[Mutant], controls: Sequence[str], processes: int) -> Iterator[Fate]:
    """Of mutants, and of modules without one."""
    here, there = multiprocessing.Pipe(duplex=False)
    work: list[Work] = [*tried, *controls]
    server = multiprocessing.get_context("fork").Process(target=_serve, args=(there, work, processes))
    server.start()
    there.close()
    for count in range(len(work)):
        try:
            yield here.recv()
        except EOFError:
            raise RuntimeError(f"the facts cannot be loaded: {count} of {len(work)} trials took place") from None
    server.join()


def _serve(results: Connection, tried: Sequence[Work], processes: int) -> None:
    """Imports what is ours only here: the caller still has trials that need it not to be imported."""
    silence()
    modules = {_module(work) for work in tried}
    called = _Called({str(path_of(module)) for module in modules})
    sys.setprofile(called.note)
    files = dict.fromkeys(selection.file for module in modules for selection in killers_of(module))
    pytest.main([*OPTIONS, *files], plugins=[_Trials(results, tried, processes, called)])


def _module(work: Work) -> str:
    return work if isinstance(work, str) else work.module


class _Called:
    """The functions that were called: {(file, qualified name of the outermost)}."""

    def __init__(self, files: set[str]) -> None:
        self._files = files
        self._found = set[tuple[str, str]]()

    def note(self, frame: FrameType, event: str, arg: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename in self._files:
            self._found.add((code.co_filename, code.co_qualname.partition(".<locals>")[0]))

    def was(self, body: Body) -> bool:
        return (str(path_of(body.module)), body.name) in self._found


class _Trials:
    """In the place of pytest's own loop over the tests."""

    def __init__(self, results: Connection, tried: Sequence[Work], processes: int, called: _Called) -> None:
        self._results = results
        self._tried = tried
        self._processes = processes
        self._called = called

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        importlib.import_module("tests.dossiers.stage").five_systems()
        gc.freeze()
        sys.setprofile(None)
        running: dict[int, Work] = {}
        for work in self._tried:
            body = None if isinstance(work, str) else body_of(work)
            if not isinstance(work, str) and (body is None or self._called.was(body)):
                self._results.send((work, None))
                continue
            if len(running) == self._processes:
                self._wait(running)
            running[_forked(session, _module(work), body)] = work
        while running:
            self._wait(running)
        return True

    def _wait(self, running: dict[int, Work]) -> None:
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        self._results.send((running.pop(pid), None if code == UNTRIED else code != SURVIVED))


def _forked(session: pytest.Session, module: str, body: Body | None) -> int:
    pid = os.fork()
    if pid == 0:
        code = KILLED
        try:
            confine()
            code = _tried(session, module, body)
        finally:
            os._exit(code)
    return pid


def _tried(session: pytest.Session, module: str, body: Body | None) -> int:
    if body and not swap(body):
        return UNTRIED
    return SURVIVED if _hold(in_order(killers_of(module), session.items)) else KILLED


def _hold(items: Sequence[pytest.Item]) -> bool:
    for item, following in zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            return False
    return True
