"""What the garbage collector is told: it leaves alone what was remembered, and keeps no cycle for ever. And which event
loop a worker has."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest
import uvloop
from mode.threads import ServiceThread

from streams.worker import interpreter
from streams.worker.event_loop import choose_loop


class Node:
    """One that refers to itself."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _thaw() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_was_remembered_at_a_commit_is_not_looked_through_again() -> None:
    remembered = Node()
    interpreter.committed()
    assert not any(each is remembered for each in gc.get_objects())


def test_a_cycle_that_fell_apart_after_its_commit_goes_at_the_next_look_at_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alive = Node()
    fallen = weakref.ref(alive)
    interpreter.committed()
    del alive
    gc.collect()
    assert fallen() is not None, "frozen: an ordinary look does not find it"
    monkeypatch.setattr(interpreter, "_looked_at", -float("inf"))
    interpreter.committed()
    assert fallen() is None


def test_every_event_loop_of_a_worker_is_that_in_c() -> None:
    before = asyncio.get_event_loop_policy()
    try:
        choose_loop()

        async def of_a_thread() -> asyncio.AbstractEventLoop:
            return ServiceThread().thread_loop

        assert isinstance(asyncio.run(of_a_thread()), uvloop.Loop)
    finally:
        asyncio.set_event_loop_policy(before)
