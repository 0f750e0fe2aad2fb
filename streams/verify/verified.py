"""What came of one shard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.judge.published import Version
from streams.verify.deployed import Place
from streams.verify.replay import Refused
from streams.verify.report import Check


@dataclass
class Verified:
    place: Place
    positions: Mapping[str, int]
    """Topic -> where its last commit stands."""
    first: Governance
    """The governance by which it worked before anything was published to it."""
    unproven: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    whole: bool = False
    """All of its input was replayed."""
    begun_at: Instant | None = None
    """When the commit was produced from which on its input was replayed, where that was not all."""
    late: frozenset[str] = frozenset()
    """Customers for whom evidence came late: of them another order of the sources may say otherwise (contracts 5)."""
    aside: frozenset[str] = frozenset()
    """Customers with a verdict that was put aside."""
    versions: list[Version] = field(default_factory=list)
    """Published governance versions, as judge was told them; the first is the one before any was published."""
    gates: dict[tuple[str, ...], Instant] = field(default_factory=dict)
    """Up to when the shard has given its verdicts."""
    letters: Mapping[tuple[str, int], Refused] = field(default_factory=dict)
    """(topic, offset) -> why the shard refused that record."""
    records: int = 0
