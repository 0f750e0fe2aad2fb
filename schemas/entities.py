"""The canonical model of quote-to-cash: each entity's attributes, their type and meaning, as one table.

The Avro files under `schemas/avro` are generated from it (`driftwise schemas --write`); the core carries attributes as
plain JSON values: text, whole numbers, booleans, ISO dates, instants in microseconds, money as
`{"amount", "currency", "basis"}`. New attributes go to the end of their entity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.canonical.documents import DOCUMENTS
from schemas.canonical.finance import FINANCE
from schemas.canonical.model import Attribute, Entity
from schemas.canonical.parties import PARTIES
from schemas.canonical.sales import SALES
from schemas.canonical.subscriptions import SUBSCRIPTIONS
from schemas.money import BASES

__all__ = ["ENTITIES", "MONEY_TYPES", "Attribute", "Entity", "whole"]

MONEY_TYPES = BASES
ENTITIES: dict[str, Entity] = {
    entity.name: entity for area in (PARTIES, SALES, SUBSCRIPTIONS, DOCUMENTS, FINANCE) for entity in area
}
_UNSAID: Mapping[str, dict[str, Any]] = {e.name: dict.fromkeys(e.attribute_names) for e in ENTITIES.values()}


def whole(entity: str, attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes with None for each that the entity has by now and an older state does not name."""
    unsaid = _UNSAID[entity]
    return attributes if len(attributes) == len(unsaid) else {**unsaid, **attributes}
