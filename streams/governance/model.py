"""What a company decides about its process, as validated data. `streams.governance.checks` holds it against itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Self, get_args

from pydantic import Field, model_validator

from schemas import topics
from schemas.instants import NEVER, Instant, from_datetime, seconds
from streams.governance.base import Day, Governed, Moment, Role, Seconds
from streams.governance.calendar import Calendar, calendar_of
from streams.governance.finance import Finance
from streams.governance.ignore import IgnoreRule
from streams.governance.kind import Kind, Segment
from streams.governance.legal import LegalEntity
from streams.governance.mapping import Amount, ObjectMapping, SystemMapping, Vocabulary
from streams.governance.process import Process
from streams.governance.triggers import Triggers, dated_as, decided, default

__all__ = ["Amount", "Governance", "Kind", "ObjectMapping", "People", "Role", "Segment", "System", "Vocabulary"]

ANY_ATTRIBUTE = "*"
"""Stands in the ownership of an entity for every attribute that is not listed."""


class System(Governed):
    vendor: str
    role: Role
    stale_after_seconds: Seconds
    horizon_seconds: Seconds
    """How long after an instant the earliest verdict about it can come: marker or poll interval, look-back, slack."""
    commit_time_slack_seconds: Seconds = 1
    """How far commit times may run backwards along a database's log."""
    max_clock_skew_seconds: Seconds = 0
    epoch: Annotated[int, Field(ge=0)] = 0
    """Of a database whose records do not say one themselves, as they do since `driftwise connect snapshot`: raise it by
    one before it is captured from a new snapshot by other means, once the worker has caught up. Rows of that snapshot
    then count as newer than all that was captured before."""
    links: dict[str, str] = Field(default_factory=dict)
    """customer attribute that names a record of another system -> that system."""
    serves: dict[str, Day] = Field(default_factory=dict)
    """Legal entity -> the day from which this instance has its role there; empty: every entity, from the beginning."""
    database_schema: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = "public"
    """Schema of a PostgreSQL database that holds the mapped tables."""
    corrections_per_minute_max: Annotated[int, Field(ge=1)] | None = None
    """So many an executor performs there, the others wait; None: as fast as it answers."""


class People(Governed):
    driftwise: list[str]
    integration: list[str]

    def writer(self, name: str | None) -> str:
        """person, integration, driftwise or unknown."""
        if name is None:
            return "unknown"
        if name in self.driftwise:
            return "driftwise"
        return "integration" if name in self.integration else "person"


class Governance(Governed):
    partitions: Annotated[int, Field(ge=1, le=1024)]
    go_live_at: Moment | None = None
    late_retention_seconds: Seconds = 600
    settled_retention_seconds: Seconds | None = 400 * 86400
    """How long a document that is settled stays in the state after its last change, in event time; None: for ever."""
    ended_drift_retention_seconds: Seconds | None = 90 * 86400
    """How long the record of a drift stays in q2c.drifts after its end, in event time; None: for ever."""
    replay_window_seconds: Seconds | None = topics.KEPT[topics.REPLAY_WINDOW]
    """How long the topics are kept that stages read, so how far a replay reaches back; None: for ever."""
    audit_retention_seconds: Seconds | None = topics.KEPT[topics.AUDIT_RETENTION]
    """How long q2c.audit is kept; None: for ever."""
    canary_interval_seconds: Seconds = 30
    """How often something is broken on purpose, to see that detection works."""
    canary_sla_seconds: Seconds = 5
    judged: tuple[str, ...] | None = None
    """Which kinds are judged; null for all that the systems carry the records of."""
    suspects: bool = False
    """Whether records of different customers are compared: duplicates that nobody linked. It costs a stage more."""
    segments: tuple[str, ...] = ()
    """Segments of customers that a kind may have rules for."""
    systems: dict[str, System]
    kinds: dict[str, Kind]
    people: People
    ownership: dict[str, dict[str, Role]]
    """Entity -> attribute, or `*` -> the role of its system of record."""
    entities: dict[str, LegalEntity] = Field(default_factory=dict)
    """Our own companies, by company code."""
    finance: Finance = Finance()
    process: Process = Process()
    ignore: dict[str, IgnoreRule] = Field(default_factory=dict)
    triggers: dict[str, Triggers] = Field(default_factory=default)
    """Entity -> fact -> when it holds. Each mapping knows what is decided of its entity."""
    mappings: dict[str, SystemMapping]

    @model_validator(mode="after")
    def _mappings_know_triggers(self) -> Self:
        self.mappings.update(self._knowing(self.mappings))
        return self

    def mapped(self, mappings: dict[str, SystemMapping]) -> Self:
        """With these mappings, and the triggers as they are."""
        return self.model_copy(update={"mappings": self._knowing(mappings)})

    def _knowing(self, mappings: dict[str, SystemMapping]) -> dict[str, SystemMapping]:
        """The mappings, each with what is decided of its entity."""
        return {
            system: {
                name: mapping.model_copy(update={"triggers": decided(self.triggers, mapping.entity)})
                for name, mapping in objects.items()
            }
            for system, objects in mappings.items()
        }

    def reading_by(self, mappings: dict[str, SystemMapping]) -> Self:
        """With these mappings in force: with them it came when facts hold, and not by which day deadlines count."""
        stated = dict(self.triggers)
        for mapping in (m for objects in mappings.values() for m in objects.values() if m.entity in stated):
            stated[mapping.entity] = {**default().get(mapping.entity, {}), **mapping.triggers}
        return self.model_copy(update={"mappings": mappings, "triggers": dated_as(stated, self.triggers)})

    @cached_property
    def derived(self) -> dict[tuple[object, ...], Any]:
        """What others computed from this and want to keep as long as it lives."""
        return {}

    @property
    def go_live(self) -> Instant:
        return from_datetime(self.go_live_at) if self.go_live_at else NEVER

    @property
    def seniority(self) -> tuple[str, ...]:
        return tuple(self.systems)

    def rank(self, system: str) -> int:
        """The senior first; one that governance has no more is behind all that it has."""
        return self._ranks.get(system, len(self._ranks))

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {system: rank for rank, system in enumerate(self.systems)}

    def roles_of(self, system: str) -> tuple[Role, ...]:
        """What it may be: of one that governance has no more it is not known."""
        governed = self.systems.get(system)
        return (governed.role,) if governed else get_args(Role)

    @property
    def linking(self) -> tuple[str, ...]:
        """The systems whose customers name those of others."""
        return tuple(name for name, system in self.systems.items() if system.links)

    @cached_property
    def _by_role(self) -> dict[str, tuple[str, ...]]:
        roles = {system.role for system in self.systems.values()}
        return {role: tuple(n for n, s in self.systems.items() if s.role == role) for role in roles}

    def wants(self, kind: str) -> bool:
        return kind in self.kinds and (self.judged is None or kind in self.judged)

    def entity_of(self, system: str, object_: str) -> str | None:
        """The canonical entity that a source's object is mapped to."""
        mapping = self.mappings.get(system, {}).get(object_)
        return mapping.entity if mapping else None

    def carries(self, system: str, entity: str) -> bool:
        """Whether records of this entity are captured from the system."""
        return entity in self._carried.get(system, ())

    @cached_property
    def _carried(self) -> dict[str, frozenset[str]]:
        return {system: frozenset(m.entity for m in mapped.values()) for system, mapped in self.mappings.items()}

    def in_role(self, role: str) -> tuple[str, ...]:
        return self._by_role.get(role, ())

    def skew(self, systems: tuple[str, ...]) -> Instant:
        return seconds(max((self.systems[s].max_clock_skew_seconds for s in systems), default=0))

    def for_entity(self, role: str, legal_entity: str | None, day: date) -> tuple[str, ...]:
        """The systems that have a role for a legal entity on a day. The first is in charge: the one that took over
        last, of equals the senior one; those behind it run in parallel."""
        since = {name: began for name in self.in_role(role) if (began := self._began(name, legal_entity, day))}
        return tuple(sorted(since, key=lambda name: since[name], reverse=True))

    def _began(self, system: str, legal_entity: str | None, day: date) -> date | None:
        serves = self.systems[system].serves
        began = serves.get(legal_entity or "") if serves else date.min
        return began if began is not None and began <= day else None

    def owner_role(self, entity: str, attribute: str) -> Role | None:
        """The role of an attribute's system of record; None: the record's own system."""
        owners = self.ownership.get(entity, {})
        return owners.get(attribute, owners.get(ANY_ATTRIBUTE))

    def rules(self, kind: str, segment: str | None) -> Kind:
        """What is governed about a kind, for customers of a segment."""
        everyone = self.kinds[kind]
        if segment is None or segment not in everyone.segments:
            return everyone
        known: Kind | None = self.derived.get(("rules", kind, segment))
        if known is None:
            known = self.derived["rules", kind, segment] = everyone.of_segment(segment)
        return known

    def calendar(self, legal_entity: str | None) -> Calendar:
        known: Calendar | None = self.derived.get(("calendar", legal_entity))
        if known is None:
            entity = self.entities.get(legal_entity or "")
            known = self.derived["calendar", legal_entity] = calendar_of(entity)
        return known

    @cached_property
    def has_periods(self) -> bool:
        """Whether a company of ours closes accounting periods."""
        return any(entity.has_periods for entity in self.entities.values())

    def ignoring(self, kind: str) -> Iterator[IgnoreRule]:
        return (rule for rule in self.ignore.values() if rule.kind == kind)
