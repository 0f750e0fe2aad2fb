"""What a predicate may look at: one customer's records as of an instant of event time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from schemas.entities import whole
from schemas.instants import ALWAYS, Instant
from streams.governance.calendar import Calendar
from streams.governance.model import Governance
from streams.governance.model import Kind as Rules
from streams.kinds.references import EVERY, TOGETHER, names, reference_key, together
from tables.versions import MOVED, PRESENT, PRESUMED, Regard, Version, as_of, next_told
from tables.view import Value, Workspace

HOME = ("crm", "customer")
"""Role and entity of the record that has the customer's segment and legal entity."""


class Sight(NamedTuple):
    """Which parts of the records a kind takes notice of."""

    regarded: Mapping[str, Regard] = {}
    """Entity -> what of it matters; of other entities everything does."""
    demanding: Mapping[str, Regard] = {}
    """Entity -> what of it can do more than answer; of other entities everything that matters."""
    answering: frozenset[tuple[str, str]] = frozenset()
    """(system, entity) of records that can only answer what others demand."""


ALL_OF_IT = Sight()


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
    """Looks up records as they were at `instant`, and notes when the next change of one of them is due to be judged."""

    def __init__(
        self,
        ws: Workspace,
        governance: Governance,
        customer: str,
        instant: Instant,
        sight: Sight = ALL_OF_IT,
        *,
        at_rest: bool = False,
    ) -> None:
        self._ws = ws
        self._sight = sight
        self.governance = governance
        self.customer = customer
        self.instant = instant
        self._in_role: dict[tuple[str, str], list[Found]] = {}
        self.next_change: Instant = ALWAYS
        self.next_demand: Instant = ALWAYS
        """The next change that does more than answer."""
        self.awaits: Instant = ALWAYS
        """The earliest instant, before this one, at which a record looked at may have left the state. Until that is
        decided this instant cannot be judged (streams/judge/retention.py)."""
        self.moved = False
        """Whether the subject was here and went to another customer."""
        self.presumes = False
        """Whether a record that was looked up by id, or among all in a role, is only presumed to be gone. Look-ups by
        value do not count: they also find records that had the value earlier."""
        self.at_rest = at_rest
        """Whether nothing is demanded so far. Then the words of a finding that is in order are not needed."""

    def again_at(self, instant: Instant) -> None:
        """Have the subject judged again then, because something changes by itself: a day begins, a period ends."""
        if instant > self.instant:
            self.next_change = min(self.next_change, instant)
            self.next_demand = min(self.next_demand, instant)

    def rules(self, kind: str) -> Rules:
        """The governed rules of a kind, for this customer's segment."""
        segmented = self.governance.kinds[kind].segments
        return self.governance.rules(kind, self.segment if segmented else None)

    @cached_property
    def home(self) -> Found | None:
        """The customer's record in the most senior CRM that has one. Kinds with governed segments, business days or
        legal entities wait for it by themselves (`streams.kinds.standing`). A kind that uses it otherwise names HOME in
        its reach.
        """
        role, entity = HOME
        return next(iter(self.in_role(entity, role)), None)

    @property
    def segment(self) -> str | None:
        return self._told("segment")

    @property
    def legal_entity(self) -> str | None:
        """Code of the company that serves the customer."""
        return self.serving(self.home) if self.home else None

    def serving(self, customer: Found) -> str | None:
        """Company code on the customer's record, else of the company that sells in its country."""
        told = customer.attrs
        return told.get("legal_entity") or self.governance.finance.sells(told.get("country"), told.get("tax_region"))

    @property
    def calendar(self) -> Calendar:
        """The calendar of the customer's legal entity."""
        return self.governance.calendar(self.legal_entity)

    def _told(self, attribute: str) -> str | None:
        return self.home.attrs.get(attribute) if self.home else None

    def in_charge(self, role: str) -> tuple[str, ...]:
        """The systems that have the role for the customer's legal entity on this day; the first is in charge."""
        systems = self.governance.in_role(role)
        if not any(self.governance.systems[system].serves for system in systems):
            return systems
        return self.governance.for_entity(role, self.legal_entity, self.calendar.day_of(self.instant))

    def record(self, entity: str, system: str, native_id: str) -> Found | None:
        value = self._ws.get(entity_key(self.customer, entity, system, native_id))
        return self._present(entity, system, native_id, value) if value else None

    def subject(self, entity: str, system: str, native_id: str) -> Found | None:
        value = self._ws.get(entity_key(self.customer, entity, system, native_id))
        if value is None:
            return None
        found = self._present(entity, system, native_id, value, demands=True)
        # As of the instant: the record may have come back since.
        held = None if found else as_of(value["versions"], self.instant)
        self.moved = held is not None and held["op"] == MOVED
        return found

    def was_deleted(self, entity: str, system: str, native_id: str) -> bool:
        """Whether it was deleted at some time before, as far as is remembered. It may be there again."""
        value = self._ws.get(entity_key(self.customer, entity, system, native_id)) or {"versions": []}
        return any(v["op"] not in (PRESENT, MOVED) and v["at"] <= self.instant for v in value["versions"])

    def in_role(self, entity: str, role: str) -> list[Found]:
        """All live records of an entity in the systems of a role. Only for entities of which a customer has few."""
        known = self._in_role.get((entity, role))
        if known is None:
            known = self._in_role[entity, role] = self._found(entity, role, EVERY, "")
        return known

    def by_reference(self, entity: str, role: str, attribute: str, wanted: str | None) -> list[Found]:
        """Live records of an entity in a role whose attribute has this value, through the reference index."""
        if not wanted:
            return []
        if TOGETHER in attribute:
            found = self._found(entity, role, attribute, wanted)
            return [f for f in found if together(f.attrs, attribute) == wanted]
        return [f for f in self._found(entity, role, attribute, wanted) if f.attrs[attribute] == wanted]

    def _found(self, entity: str, role: str, attribute: str, value: str) -> list[Found]:
        held = self._looked_up(entity, attribute, value)
        if not held:
            return []
        counts = attribute == EVERY
        return [
            found
            for in_role in self.governance.in_role(role)
            for system, native_id, record in held
            if system == in_role and (found := self._present(entity, system, native_id, record, counts=counts))
        ]

    def _looked_up(self, entity: str, attribute: str, value: str) -> list[tuple[str, str, Value]]:
        """Records with all their versions. They do not depend on the instant, so verdicts share them."""
        key = (self.customer, entity, attribute, value)
        known: list[tuple[str, str, Value]] | None = self._ws.looked_up.get(key)
        if known is None:
            known = self._ws.looked_up[key] = [
                (system, native_id, record)
                for system, native_id in names(self._ws, reference_key(*key))
                if (record := self._ws.get(entity_key(self.customer, entity, system, native_id)))
            ]
        return known

    def _present(
        self, entity: str, system: str, native_id: str, value: Value, *, demands: bool = False, counts: bool = True
    ) -> Found | None:
        """The record, if it is present at the instant. `counts`: whether a presumed deletion sets `presumes`."""
        versions, instant = value["versions"], self.instant
        if (leaves := value.get("leaves", ALWAYS)) < instant:
            self.awaits = min(self.awaits, leaves)
        held = as_of(versions, instant)
        # Versions after the next change that is already noted make no difference.
        if coming := [v for v in versions if instant < v["at"] < self.next_demand]:
            self._expect(entity, system, held, coming, demands=demands)
        if held is None or held["op"] != PRESENT:
            self.presumes = self.presumes or (counts and held is not None and held["op"] == PRESUMED)
            return None
        attrs = whole(entity, held["attrs"])
        return Found(system, entity, native_id, held if attrs is held["attrs"] else {**held, "attrs": attrs})

    def _expect(self, entity: str, system: str, held: Version | None, coming: list[Version], *, demands: bool) -> None:
        """Note when the first of the coming versions changes something that matters."""
        at = next_told(held, coming, self._sight.regarded.get(entity))
        self.next_change = min(self.next_change, at)
        if at < self.next_demand and (demands or (system, entity) not in self._sight.answering):
            demanding = self._sight.demanding.get(entity)
            at = at if demanding is None else next_told(held, coming, demanding)
            self.next_demand = min(self.next_demand, at)


def entity_key(customer: str, entity: str, system: str, native_id: str) -> str:
    return f"e/{customer}/{entity}/{system}/{native_id}"
