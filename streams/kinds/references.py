"""The reference index: which records of a customer have this value in this attribute.

One record a value, with the first names in it: finding costs one `get`, which the store's bloom filter answers where
there is nothing, and not the seek of a range. Names that do not fit stand under keys of their own, so that a value to
which everything refers costs a change no more than any other.

r/CUSTOMER/ENTITY/ATTRIBUTE/VALUE              {of: [SYSTEM/ID, ...], more: whether there are keys of the next form}
r/CUSTOMER/ENTITY/ATTRIBUTE/VALUE/SYSTEM/ID    a name that does not fit"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import quote

from schemas.money import plain
from tables.versions import MOVED, Version
from tables.view import Value, Workspace

FEW = 64
"""More records of one business key or customer record than this is another kind's problem (duplicates)."""
EVERY = "@every"
"""Stands for an attribute that every record of the entity has, with one value. Only for entities with few records."""

TOGETHER = "+"
"""Between the names of attributes that are one key together."""


def reference_key(customer: str, entity: str, attribute: str, value: str) -> str:
    plain = not value or (value.replace("-", "").isalnum() and value.isascii())
    return f"r/{customer}/{entity}/{attribute}/{value if plain else quote(value, safe='')}"


def values(versions: list[Version], attribute: str) -> set[str]:
    """The values by which a record is found: those of all kept versions."""
    if attribute == EVERY:
        return {""} if any(v["op"] != MOVED for v in versions) else set()
    if TOGETHER in attribute:
        return {said for v in versions if v["attrs"] and (said := together(v["attrs"], attribute))}
    return {v["attrs"][attribute] for v in versions if v["attrs"] and v["attrs"].get(attribute)}


def together(attrs: Mapping[str, Any], attribute: str) -> str | None:
    """What a record says in all of the attributes; None where it leaves one out. Equal amounts give equal text."""
    said = []
    for name in parts(attribute):  # of most records something is left out: what costs more to say stands last
        if not (text := _text(attrs.get(name))):
            return None
        said.append(text)
    return "|".join(said)


@cache
def parts(attribute: str) -> tuple[str, ...]:
    return tuple(attribute.split(TOGETHER))


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{plain(Decimal(value['amount']))} {value['currency']}"
    return "" if value is None else str(value)


def add(ws: Workspace, key: str, name: str) -> None:
    entry = ws.get(key) or {"of": []}
    if len(entry["of"]) < FEW:
        if entry.get("more"):
            ws.delete(f"{key}/{name}")
        ws.put(key, {**entry, "of": sorted({*entry["of"], name})})
    elif name not in entry["of"]:
        ws.put(f"{key}/{name}", {})
        ws.put(key, {**entry, "more": True})


def remove(ws: Workspace, key: str, name: str) -> None:
    entry = ws.get(key) or {"of": []}
    if name not in entry["of"]:
        ws.delete(f"{key}/{name}")
        return
    rest = {**entry, "of": [other for other in entry["of"] if other != name]}
    if rest["of"] or rest.get("more"):
        ws.put(key, rest)
    else:
        ws.delete(key)


def names(ws: Workspace, key: str, limit: int = FEW) -> list[tuple[str, str]]:
    """The first `limit` (system, native id), in their order."""
    entry = ws.get(key)
    if entry is None:
        return []
    found = entry["of"]
    if entry.get("more"):
        found = sorted([*found, *(name for _, name in _overflow(ws, key, limit))])
    return [(system, native_id) for name in found[:limit] for system, _, native_id in [name.partition("/")]]


def _overflow(ws: Workspace, key: str, limit: int) -> Iterator[tuple[str, str]]:
    for longer, _ in ws.range(f"{key}/", limit):
        yield longer, longer.removeprefix(f"{key}/")


def held(key: str, value: Value) -> Iterator[tuple[str, str]]:
    """(key of the value, name) for each name that this entry of the state holds."""
    *parts, last = key.split("/", 5) if key.count("/") > 4 else (key, "")
    if last:
        yield "/".join(parts), last
    for name in value.get("of", ()):
        yield key, name
