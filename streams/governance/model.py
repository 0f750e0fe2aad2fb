"""What a company decides about its process, as validated data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.entities import ENTITIES, MONEY_TYPES
from schemas.instants import NEVER, Instant, from_datetime, seconds

Role = Literal["crm", "billing", "processor", "erp", "entitlement"]
Mode = Literal["execute", "propose", "alert"]
Seconds = Annotated[float, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class System(_Model):
    vendor: str
    role: Role
    stale_after_seconds: Seconds
    horizon_seconds: Seconds
    """How long after an instant the earliest verdict about it can come: marker or poll interval, look-back, slack."""
    commit_time_slack_seconds: Seconds = 1
    """How far commit times may run backwards along a database's log."""
    max_clock_skew_seconds: Seconds = 0
    epoch: Annotated[int, Field(ge=0)] = 0
    """Raise it by one before a database is captured from a new snapshot (a lost slot, a restored copy), once the worker
    has caught up: rows of the new snapshot then count as newer than all that was captured before."""
    links: dict[str, str] = {}
    """customer attribute that names a record of another system -> that system."""


class Kind(_Model):
    sla_seconds: Seconds
    """Deadline after the trigger, or grace through which a mismatch must persist."""
    severity: Literal["S1", "S2", "S3", "S4"]
    finance_impacting: bool
    owner_team: str
    mode: Mode
    tolerance_absolute: Decimal = Decimal(0)
    tolerance_relative: Decimal = Decimal(0)
    hold_down_seconds: Seconds = 0
    """How long it must have held clean before it counts as closed."""

    @property
    def sla(self) -> Instant:
        return seconds(self.sla_seconds)


class Vocabulary(_Model):
    field: str
    map: dict[str, str]


class Amount(_Model):
    amount: str
    currency: str


class ObjectMapping(_Model):
    """A vendor's object or table -> a canonical entity."""

    entity: str
    id: str
    customer: str
    attributes: dict[str, str | Vocabulary | Amount]

    @model_validator(mode="after")
    def _known(self) -> ObjectMapping:
        entity = ENTITIES.get(self.entity)
        if entity is None:
            raise ValueError(f"entity {self.entity!r} is unknown; known: {', '.join(ENTITIES)}")
        types = {a.name: a.type for a in entity.attributes}
        for name, source in self.attributes.items():
            if name not in types:
                raise ValueError(f"{self.entity} has no attribute {name!r}; it has: {', '.join(types)}")
            if (types[name] in MONEY_TYPES) != isinstance(source, Amount):
                raise ValueError(f"attribute {name!r} is {types[name]}: money, and only money, is {{amount, currency}}")
        return self


class People(_Model):
    driftwise: list[str]
    integration: list[str]

    def writer(self, name: str | None) -> str:
        """person, integration, driftwise or unknown."""
        if name is None:
            return "unknown"
        if name in self.driftwise:
            return "driftwise"
        return "integration" if name in self.integration else "person"


class Governance(_Model):
    partitions: Annotated[int, Field(ge=1, le=1024)]
    go_live_at: datetime | None = None
    late_retention_seconds: Seconds = 600
    canary_interval_seconds: Seconds = 30
    """How often something is broken on purpose, to see that detection works."""
    canary_sla_seconds: Seconds = 5
    judged: tuple[str, ...] | None = None
    """Which kinds are judged; null for all that the systems carry the records of."""
    systems: dict[str, System]
    kinds: dict[str, Kind]
    people: People
    ownership: dict[str, dict[str, Role]]
    mappings: dict[str, dict[str, ObjectMapping]]

    @model_validator(mode="after")
    def _consistent(self) -> Governance:
        if unknown := sorted(set(self.judged or ()) - self.kinds.keys()):
            raise ValueError(f"judged names {', '.join(unknown)}: no such kind; known: {', '.join(self.kinds)}")
        for name, system in self.systems.items():
            if name not in self.mappings:
                raise ValueError(f"systems.{name} has no mapping: add mappings/{name}.yaml")
            for attribute, target in system.links.items():
                if target not in self.systems:
                    raise ValueError(f"systems.{name}.links.{attribute} names {target!r}, which is no system")
                if self.systems[target].links:
                    raise ValueError(
                        f"systems.{name}.links.{attribute} names {target!r}, which has links itself: chains would make "
                        "a verdict wait for systems that it does not name; link every system to the same senior one"
                    )
                if not any(m.entity == "customer" and attribute in m.attributes for m in self.mappings[name].values()):
                    raise ValueError(f"systems.{name}.links.{attribute} is not mapped: add it in mappings/{name}.yaml")
        return self

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

    @cached_property
    def _by_role(self) -> dict[str, tuple[str, ...]]:
        roles = {system.role for system in self.systems.values()}
        return {role: tuple(n for n, s in self.systems.items() if s.role == role) for role in roles}

    def wants(self, kind: str) -> bool:
        return kind in self.kinds and (self.judged is None or kind in self.judged)

    def carries(self, system: str, entity: str) -> bool:
        """Whether records of this entity are captured from the system."""
        return any(mapping.entity == entity for mapping in self.mappings[system].values())

    def in_role(self, role: str) -> tuple[str, ...]:
        return self._by_role.get(role, ())

    def skew(self, systems: tuple[str, ...]) -> Instant:
        return seconds(max((self.systems[s].max_clock_skew_seconds for s in systems), default=0))
