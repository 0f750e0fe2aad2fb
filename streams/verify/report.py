"""What a verification found: one check a line, and the first differences of each in full."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

EQUAL, CANNOT_TELL, DIFFERENT = 0, 1, 2
"""Exit codes."""
SHOWN = 10
"""Differences of one check that are kept in full; all are counted."""


class Difference(NamedTuple):
    check: str
    shard: str
    key: str
    deployed: str | None
    """JSON of what the deployment holds, of records only the fields that differ; None: nothing."""
    recomputed: str | None


@dataclass
class Check:
    what: str
    shard: str = ""
    """Stage and partition; empty where all shards were compared together."""
    compared: int = 0
    differing: int = 0
    first: list[Difference] = field(default_factory=list)
    skipped: int = 0
    """Left out: what another order may say otherwise, or before the instant asked for."""

    def differ(self, key: str, deployed: str | None, recomputed: str | None) -> None:
        self.differing += 1
        if len(self.first) < SHOWN:
            self.first.append(Difference(self.what, self.shard, key, deployed, recomputed))

    def include(self, other: Check) -> None:
        """Add the same check of another shard."""
        self.compared += other.compared
        self.differing += other.differing
        self.skipped += other.skipped
        self.first = [*self.first, *other.first][:SHOWN]


@dataclass
class Report:
    checks: list[Check] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    """What could not be told, and why."""
    notes: list[str] = field(default_factory=list)
    """What a reader should know of what was compared."""

    def add(self, checks: Iterable[Check]) -> None:
        for check in checks:
            known = next((each for each in self.checks if each.what == check.what), None)
            if known is None:
                self.checks.append(check)
            else:
                known.include(check)

    @property
    def differences(self) -> list[Difference]:
        """The first of each check."""
        return [difference for check in self.checks for difference in check.first]

    def of_a_deployment(self) -> Report:
        """The report; a deployment without any commit is unproven, because it may not be the one that was meant."""
        if not self.compared and not self.unproven:
            self.unproven.append("no worker has committed anything here: is this the cluster that was meant?")
        return self

    @property
    def compared(self) -> int:
        return sum(check.compared for check in self.checks)

    @property
    def code(self) -> int:
        """Exit code: 2 on any difference; 1 if something could not be told; else 0."""
        if self.differences:
            return DIFFERENT
        return CANNOT_TELL if self.unproven else EQUAL
