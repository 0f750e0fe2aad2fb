"""What the commands that look have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from schemas.instants import Instant
from streams.commands import context
from streams.governance import Governance
from streams.look.read import Cluster
from streams.settings import Settings


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
    return Sight(settings, context.governance(settings), Cluster(settings), lambda: time.time_ns() // 1_000)
