"""The verdict horizon of a kind: the least time between an instant and a verdict about it."""

from __future__ import annotations

from streams.governance.model import Governance
from streams.judge.gates import needed
from streams.kinds.table import Kind


def horizon_seconds(governed: Governance, kind: Kind) -> float:
    """That of the slowest source that the kind waits for."""
    subjects = (system for role in kind.roles for system in governed.in_role(role))
    waited_for = {system for subject in subjects for system, _ in needed(governed, kind, subject)}
    return max((governed.systems[system].horizon_seconds for system in waited_for), default=0.0)
