"""Canonicalize: a source row's exact text becomes canonical attributes, by governed mapping."""

from __future__ import annotations

from datetime import date
from typing import Any

from schemas.entities import ENTITIES, MONEY_TYPES
from schemas.money import Money, NotMoney, amount
from schemas.source import UNCHANGED
from streams.governance.model import Amount, ObjectMapping, Vocabulary
from streams.inputs import Divert

_INTEGERS = range(-(2**63), 2**63)
"""What records and state can hold."""
_FLAGS = {"true": True, "false": False}
_TYPES = {e.name: {a.name: a.type for a in e.attributes} for e in ENTITIES.values()}


def attributes(mapping: ObjectMapping, fields: dict[str, str | None], last: dict[str, Any] | None) -> dict[str, Any]:
    """Every attribute of the entity; what the mapping does not name is None, what did not change keeps its last value.

    Raises Divert for a missing field, an unmapped word, an amount that is no number, a date that is none."""
    entity, types, before = mapping.entity, _TYPES[mapping.entity], last or {}
    found: dict[str, Any] = dict.fromkeys(types)
    for name, source in mapping.attributes.items():
        found[name] = _attribute(entity, types[name], source, fields, before.get(name))
    return found


def _attribute(
    entity: str, type_: str, source: str | Vocabulary | Amount, fields: dict[str, str | None], last: Any
) -> Any:
    if isinstance(source, str):
        text = _field(entity, source, fields)
        if text is None:
            return None
        return last if text == UNCHANGED else _typed(entity, source, type_, text)
    if isinstance(source, Amount):
        return _money(entity, type_, source, fields, last)
    word = _field(entity, source.field, fields)
    return last if word == UNCHANGED else _word(entity, type_, source, word)


def _field(entity: str, field: str, fields: dict[str, str | None]) -> str | None:
    if field not in fields:
        known = ", ".join(sorted(fields))
        raise Divert("missing_field", f"{entity}: no field {field!r} in the row; it has: {known}", entity)
    return fields[field]


def _word(entity: str, type_: str, vocabulary: Vocabulary, word: str | None) -> Any:
    if word is None:
        return None
    mapped = vocabulary.map.get(word)
    if mapped is None:
        remedy = f"add it to the map of {vocabulary.field!r} in the governed mapping, then replay"
        raise Divert("unmapped_status", f"{entity}: {vocabulary.field} = {word!r} is not mapped; {remedy}", entity)
    return _typed(entity, vocabulary.field, type_, mapped)


def _money(entity: str, basis: str, source: Amount, fields: dict[str, str | None], last: Any) -> dict[str, str] | None:
    assert basis in MONEY_TYPES
    text, currency = _field(entity, source.amount, fields), _field(entity, source.currency, fields)
    if text is None:
        return None
    if UNCHANGED in (text, currency):
        kept: dict[str, str] | None = last
        return kept
    if not currency:
        raise Divert("no_currency", f"{entity}: {source.amount} has no currency in {source.currency!r}", entity)
    try:
        return Money(amount(text), currency, basis).as_json()
    except NotMoney as problem:
        raise Divert("not_an_amount", f"{entity}: {source.amount}: {problem}", entity) from None


def _typed(entity: str, field: str, type_: str, text: str) -> Any:
    try:
        if type_ == "integer":
            return _integer(text)
        if type_ == "date":
            return date.fromisoformat(text[:10]).isoformat()
        if type_ == "flag":
            return _FLAGS[text]
    except (ValueError, KeyError):
        remedy = "; map its words to true and false" if type_ == "flag" else ""
        raise Divert("unreadable_value", f"{entity}: {field} = {text!r} is no {type_}{remedy}", entity) from None
    return text


def _integer(text: str) -> int:
    number = int(text)
    if number not in _INTEGERS:
        raise ValueError(text)
    return number
