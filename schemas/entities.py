"""The canonical model of quote-to-cash: each entity's attributes, their type and meaning, as one table.

The Avro files under `schemas/avro` are generated from it (`driftwise schemas --write`); the core carries attributes as
plain JSON values: text, whole numbers, booleans, ISO dates, instants in microseconds, money as
`{"amount", "currency", "basis"}`. New attributes go to the end of their entity.
"""

from __future__ import annotations

from schemas.canonical.documents import DOCUMENTS
from schemas.canonical.finance import FINANCE
from schemas.canonical.model import Attribute, Entity
from schemas.canonical.parties import PARTIES
from schemas.canonical.sales import SALES
from schemas.canonical.subscriptions import SUBSCRIPTIONS
from schemas.money import BASES

__all__ = ["ENTITIES", "MONEY_TYPES", "Attribute", "Entity"]

MONEY_TYPES = BASES
ENTITIES: dict[str, Entity] = {
    entity.name: entity for area in (PARTIES, SALES, SUBSCRIPTIONS, DOCUMENTS, FINANCE) for entity in area
}
