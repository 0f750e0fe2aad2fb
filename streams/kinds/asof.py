"""What a predicate may look at: one customer's records as of an instant of event time."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.instants import ALWAYS, Instant
from streams.governance.model import Governance
from streams.governance.model import Kind as Rules
from streams.kinds.references import EVERY, names, reference_key
from tables.versions import MOVED, Version, as_of, next_after, present
from tables.view import Value, Workspace


class Found(NamedTuple):
    system: str
    entity: str
    native_id: str
    version: Version

    @property
    def attrs(self) -> dict[str, Any]:
        attrs: dict[str, Any] = self.version["attrs"]
        return attrs


class AsOf:
    """Looks up records as they were at `instant`, and remembers when next one of those it looked at changes."""

    def __init__(self, ws: Workspace, governance: Governance, customer: str, instant: Instant) -> None:
        self._ws = ws
        self.governance = governance
        self.customer = customer
        self.instant = instant
        self.next_change: Instant = ALWAYS
        self.moved = False
        """The subject was here and went to another customer."""

    def again_at(self, instant: Instant) -> None:
        """What is to be judged changes then by itself: a day begins, a period ends."""
        if instant > self.instant:
            self.next_change = min(self.next_change, instant)

    def look_again_at(self, instant: Instant) -> None:
        """The answer may change then, though no record does: a day begins that a date names."""
        if instant > self.instant:
            self.next_change = min(self.next_change, instant)

    def rules(self, kind: str) -> Rules:
        """What is governed about a kind, for this customer."""
        return self.governance.kinds[kind]

    def record(self, entity: str, system: str, native_id: str) -> Found | None:
        value = self._ws.get(entity_key(self.customer, entity, system, native_id))
        return self._present(entity, system, native_id, value) if value else None

    def subject(self, entity: str, system: str, native_id: str) -> Found | None:
        value = self._ws.get(entity_key(self.customer, entity, system, native_id))
        if value is None:
            return None
        found = self._present(entity, system, native_id, value)
        # As of the instant, not of now: it may have come back since.
        held = as_of(value["versions"], self.instant)
        self.moved = held is not None and held["op"] == MOVED
        return found

    def in_role(self, entity: str, role: str) -> list[Found]:
        """All live records of an entity in the systems of a role; for entities a customer has few of."""
        return self._found(entity, role, EVERY, "")

    def by_reference(self, entity: str, role: str, attribute: str, wanted: str | None) -> list[Found]:
        """Live records of an entity in a role whose attribute has this value, through the reference index."""
        if not wanted:
            return []
        return [f for f in self._found(entity, role, attribute, wanted) if f.attrs[attribute] == wanted]

    def _found(self, entity: str, role: str, attribute: str, value: str) -> list[Found]:
        held = names(self._ws, reference_key(self.customer, entity, attribute, value))
        found = [
            self.record(entity, system, native_id)
            for in_role in (self.governance.in_role(role) if held else ())
            for system, native_id in held
            if system == in_role
        ]
        return [f for f in found if f is not None]

    def _present(self, entity: str, system: str, native_id: str, value: Value) -> Found | None:
        versions = value["versions"]
        self.next_change = min(self.next_change, next_after(versions, self.instant))
        version = present(versions, self.instant)
        return Found(system, entity, native_id, version) if version else None


def entity_key(customer: str, entity: str, system: str, native_id: str) -> str:
    return f"e/{customer}/{entity}/{system}/{native_id}"
