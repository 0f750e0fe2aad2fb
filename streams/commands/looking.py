"""What the commands that look have in common."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import click

from schemas.instants import Instant
from streams.commands import context
from streams.governance import BadGovernance, Governance
from streams.look.read import CannotLook, Cluster
from streams.settings import Settings

Result = TypeVar("Result")


class Sight(NamedTuple):
    """What a command looks with."""

    settings: Settings
    governance: Governance
    cluster: Cluster
    clock: Callable[[], Instant]

    @property
    def now(self) -> Instant:
        """Asked for behind each read: what was read must not lie in the future."""
        return self.clock()


def sight() -> Sight:
    settings = context.settings()
    try:
        governance = context.governance(settings)
    except BadGovernance as problem:
        raise click.ClickException(str(problem)) from None
    return Sight(settings, governance, Cluster(settings), lambda: time.time_ns() // 1_000)


def told_in_one_line(command: Callable[..., Result]) -> Callable[..., Result]:
    """What cannot be looked at ends the command with exit code 1 and one line of text."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Result:
        try:
            return command(*args, **kwargs)
        except CannotLook as problem:
            raise click.ClickException(str(problem)) from None

    return run
