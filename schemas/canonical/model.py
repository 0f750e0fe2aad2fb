"""What an entity and an attribute are."""

from __future__ import annotations

from typing import NamedTuple


class Attribute(NamedTuple):
    name: str
    type: str
    """text | integer | flag | date | instant, or money with its basis: net | tax | gross in the document's currency,
    ledger_net | ledger_tax | ledger_gross in that of the books."""
    meaning: str
    pii: bool = False
    words: tuple[str, ...] = ()
    """All that it may say, where rules rest on that. Empty: anything."""


def state(name: str, words: str, *, note: str = "") -> Attribute:
    """What an entity is in, by one of these words."""
    return Attribute(name, "text", words + note, words=tuple(words.split(", ")))


class Entity(NamedTuple):
    name: str
    meaning: str
    attributes: tuple[Attribute, ...]
    parent: str | None = None
    """The entity of the same system without which a row of this one cannot be understood."""

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.attributes)


CORRELATION = Attribute("correlation_id", "text", "the business transaction it belongs to, the same in every system")
"""On every document that crosses systems."""
