"""Words of the canonical model that verdicts rest on. Any other is taken as it is, and no rule knows it."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.entities import ENTITIES
from streams.governance.mapping import Vocabulary
from streams.governance.model import Governance
from streams.governance.words import meant

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    entity.name: {attribute.name: attribute.words for attribute in entity.attributes if attribute.words}
    for entity in ENTITIES.values()
}
"""Entity -> attribute that has words -> those."""
_FLAGS = {(e.name, a.name) for e in ENTITIES.values() for a in e.attributes if a.type == "flag"}


def unknown(entity: str, attribute: str, word: str) -> str:
    """What is wrong with the word; empty where it is known, or anything may stand there."""
    known = WORDS[entity].get(attribute, ())
    return f"no rule knows {word!r}{meant(word, known)}" if known and word not in known else ""


def unknown_words(governance: Governance) -> Iterator[str]:
    """Warnings: words that a mapping gives and no rule knows."""
    for system, objects in governance.mappings.items():
        for name, mapping in objects.items():
            for attribute, read in mapping.attributes.items():
                for native, word in read.map.items() if isinstance(read, Vocabulary) else ():
                    if what := unknown(mapping.entity, attribute, word) or _no_flag(mapping.entity, attribute, word):
                        yield f"mappings/{system}.yaml: {name}.attributes.{attribute}.map.{native}: {what}"


def _no_flag(entity: str, attribute: str, word: str) -> str:
    """A row that says so could not be read."""
    is_one = (entity, attribute) not in _FLAGS or word in ("true", "false")
    return "" if is_one else f"{word!r} is no flag: map to 'true' or 'false'"
