"""The answers of a predicate: None, WAITING or a Finding."""

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
    """A record that the verdict rests on, and the attribute that matters."""

    found: Found
    field: str
    value: str | None


class Ask(NamedTuple):
    """The correction: which values to set in which record."""

    target_system: str
    target_entity: str
    target_id: str
    desired: Mapping[str, str | None]
    expected: Mapping[str, str | None] = {}
    command: str = ""
    """Type of the command, if it depends on what is wrong; empty: the kind's. `sort` likewise."""
    sort: str = ""


class Finding(NamedTuple):
    """The trigger holds. Says whether what it demands is there, and describes it."""

    satisfied: bool
    triggered_at: Instant
    """Ignored for kinds with grace, where the mismatch itself is the trigger."""
    trigger_version: str
    """Empty: begins nothing, and only answers an obligation that exists."""
    owner_system: str
    expected: str
    observed: str
    evidence: tuple[Evidence, ...]
    amount: dict[str, Any] | None = None
    ask: Ask | None = None
    snapshot: bool = False
    """Whether the trigger already held when the source was first read."""
    satisfied_by: Found | None = None
    causes: tuple[str, ...] = ()
    """Names of other kinds that explain it, if it sums them up."""
    severity: str = ""
    """If it depends on what is wrong; empty: as governed for the kind."""
    finance_impacting: bool | None = None
    """If it depends on what is wrong; None: as governed for the kind."""


IN_ORDER = Finding(
    satisfied=True, triggered_at=0, trigger_version="", owner_system="", expected="", observed="", evidence=()
)
"""In order, without words: no obligation exists that would need them (`AsOf.at_rest`)."""


class Waiting(NamedTuple):
    """Not triggered, but a change of another record could trigger it: keep the subject within reach."""


WAITING = Waiting()
Answer = Finding | Waiting | None
"""None: the trigger does not hold."""
