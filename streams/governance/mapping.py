"""How a vendor's objects and words become canonical entities and attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import orjson
from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    field_validator,
    model_serializer,
    model_validator,
)

from schemas.entities import ENTITIES, MONEY_TYPES
from streams.governance.base import Governed
from streams.governance.triggers import FACTS, Triggers
from streams.governance.words import did_you_mean


class Vocabulary(Governed):
    field: str
    map: dict[str, str]


class Amount(Governed):
    amount: str
    currency: str


class ObjectMapping(Governed):
    """A vendor's object or table -> a canonical entity."""

    entity: str
    id: str
    customer: str
    attributes: dict[str, str | Vocabulary | Amount]
    keep: tuple[str, ...] = ()
    """Columns that no attribute reads and that are kept of each row all the same, so that a later mapping can read them
    of the rows known by then. What is neither read nor listed is not kept: it may be personal."""
    triggers: Triggers = Field(default_factory=dict, exclude=True)
    """Facts of its entity that hold otherwise than by default. They are stated in triggers.yaml, and go with the
    mapping: rows of which other facts hold are read again."""

    @cached_property
    def derived(self) -> dict[str, Any]:
        """What others computed from this and want to keep as long as it lives."""
        return {}

    @property
    def read_by(self) -> dict[str, str]:
        """Each of the vendor's fields that it reads -> the key here that names it, of several the last."""
        keys = {self.customer: "customer"}
        for name, source in self.attributes.items():
            below = {"": source} if isinstance(source, str) else source.model_dump(exclude={"map"})
            keys |= {field: f"attributes.{name}.{part}".rstrip(".") for part, field in below.items()}
        return keys

    @cached_property
    def kept(self) -> dict[str, str]:
        """Each of the vendor's fields that is kept of a row -> the key here that names it."""
        return {**dict.fromkeys(self.keep, "keep"), **self.read_by}

    def kept_of(self, fields: Mapping[str, str | None]) -> dict[str, str | None]:
        kept = self.kept
        return {name: text for name, text in fields.items() if name in kept}

    @model_serializer(mode="wrap")
    def _without_nothing(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A release that knows no `keep` reads what lists none."""
        said: dict[str, Any] = plain(self)
        if not self.keep:
            said.pop("keep", None)
        return said

    @field_validator("keep", mode="before")
    @classmethod
    def _columns(cls, keep: Any) -> Any:
        if not isinstance(keep, (list, tuple)) or not all(isinstance(column, str) and column for column in keep):
            raise ValueError(f"{keep!r} is no list of columns: write it as [column, other_column]")
        if twice := {column for column in keep if keep.count(column) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))} is listed twice: take one out")
        return keep

    @model_validator(mode="after")
    def _known(self) -> ObjectMapping:
        entity = ENTITIES.get(self.entity)
        if entity is None:
            hint = did_you_mean(self.entity, ENTITIES)
            raise ValueError(f"entity {self.entity!r} is unknown{hint}; known: {', '.join(ENTITIES)}")
        types = {a.name: a.type for a in entity.attributes}
        for name, source in self.attributes.items():
            if name not in types:
                hint = did_you_mean(name, types)
                raise ValueError(f"{self.entity} has no attribute {name!r}{hint}; it has: {', '.join(types)}")
            if (types[name] in MONEY_TYPES) != isinstance(source, Amount):
                raise ValueError(f"attribute {name!r} is {types[name]}: money, and only money, is {{amount, currency}}")
        for fact, trigger in self.triggers.items():
            named = {*trigger.when, *([trigger.dated_by] if trigger.dated_by else ())}
            if fact not in FACTS.get(self.entity, {}) or not named <= types.keys():
                raise ValueError(f"trigger {fact!r} is of another release: {self.entity} has no such fact or attribute")
        return self

    def is_about(self, other: ObjectMapping) -> bool:
        """Both make the same records of the same rows, whatever they read of each."""
        return (self.entity, self.id, self.customer) == (other.entity, other.id, other.customer)

    def reads_alike(self, other: ObjectMapping) -> bool:
        """Both make the same attributes of the same records, however they read each."""
        return self.is_about(other) and self.attributes.keys() == other.attributes.keys()


SystemMapping = dict[str, ObjectMapping]
"""A vendor's object or table -> how it is read."""
_READ = TypeAdapter(SystemMapping)


def document_of(mapping: SystemMapping) -> str:
    """A mapping as text in canonical form. Keys without effect are left out, so that they do not change its hash."""
    plain = {name: read.model_dump(mode="json") | _triggers(read) for name, read in mapping.items()}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()


def _triggers(mapping: ObjectMapping) -> dict[str, Any]:
    """A release that knows none reads what has those of the defaults."""
    said = {fact: trigger.model_dump(mode="json", exclude_none=True) for fact, trigger in mapping.triggers.items()}
    return {"triggers": said} if said else {}


def version_of(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def read_mapping(document: str) -> SystemMapping:
    """Raises pydantic's ValidationError."""
    return _READ.validate_json(document)
