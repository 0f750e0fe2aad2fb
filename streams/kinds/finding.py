"""What a predicate answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.instants import Instant
from streams.kinds.asof import Found


class Subject(NamedTuple):
    system: str
    entity: str
    native_id: str


class Evidence(NamedTuple):
    """A record that the verdict rests on, and which of its attributes."""

    found: Found
    field: str
    value: str | None


class Ask(NamedTuple):
    """What the correction would set where."""

    target_system: str
    target_entity: str
    target_id: str
    desired: Mapping[str, str | None]
    expected: Mapping[str, str | None] = {}
    command: str = ""
    """Where it depends on what is wrong, as `sort` may; empty: that of the kind."""
    sort: str = ""


class Finding(NamedTuple):
    """The trigger holds; is what it demands there?"""

    satisfied: bool
    triggered_at: Instant
    """Kinds with grace: ignored, the mismatch itself is the trigger."""
    trigger_version: str
    """Empty: begins nothing, only answers what is running."""
    owner_system: str
    expected: str
    observed: str
    evidence: tuple[Evidence, ...]
    amount: dict[str, Any] | None = None
    ask: Ask | None = None
    snapshot: bool = False
    """The trigger already stood when the source was first read."""
    satisfied_by: Found | None = None
    causes: tuple[str, ...] = ()
    """Names of the kinds that explain it, where it sums up others."""
    severity: str = ""
    """Where it depends on what is wrong; empty: as governed for the kind."""
    finance_impacting: bool | None = None
    """The same."""


IN_ORDER = Finding(
    satisfied=True, triggered_at=0, trigger_version="", owner_system="", expected="", observed="", evidence=()
)
"""Nothing differs, and no drift is there of which that must be told (`AsOf.at_rest`)."""


class Waiting(NamedTuple):
    """The subject could come to be triggered by a change of another record: keep it within reach."""


WAITING = Waiting()
Answer = Finding | Waiting | None
"""None: the trigger does not hold."""
