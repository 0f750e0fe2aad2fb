"""The business keys of a record, and what is compared of it."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from schemas.entities import whole
from streams.kinds.facts import since
from streams.likeness.keys import keys as likeness_keys
from streams.likeness.normalise import Normal, normal
from tables.versions import Version

NOT_IN_USE = ("prospect", "churned")
_SIDE_BY_SIDE = ("legal_entity", "currency", "parent_ref")
_LOOKED_AT: Mapping[str, tuple[str, ...]] = {
    # entity: attributes of which its keys and its comparison are made
    "customer": (
        *("status", "name", "tax_id", "registration_number", "domain", "email", "street", "city", "postal_code"),
        *("country", *_SIDE_BY_SIDE),
    ),
    "invoice": ("status", "number", "legal_entity", "total"),
    "credit_memo": ("status", "number", "total"),
}
_IN_FORCE = {"customer": "active", "invoice": "live", "credit_memo": "live"}
"""Entity -> the fact since which its records count."""


class Keyed(NamedTuple):
    keys: tuple[str, ...] = ()
    fields: Mapping[str, str] = {}
    began_at: int = 0
    amount: dict[str, Any] | None = None


NOTHING = Keyed()


def keyed(system: str, entity: str, version: Version | None) -> Keyed:
    """The keys and fields in a version of a record; NOTHING if it is deleted, out of use or not in force yet."""
    attrs = version["attrs"] if version else None
    if version is None or attrs is None:
        return NOTHING
    attrs, began = whole(entity, attrs), since(version["since"], _IN_FORCE[entity])
    began_at = began.at if began else 0
    if entity == "customer":
        return _customer(attrs, began_at)
    if began is None or not attrs["number"]:
        return NOTHING
    fields = {"legal_entity": attrs["legal_entity"]} if attrs.get("legal_entity") else {}
    return Keyed((hashed(f"number:{system}/{entity}/{attrs['number']}"),), fields, began_at, attrs["total"])


def _customer(attrs: Mapping[str, Any], began_at: int) -> Keyed:
    if attrs["status"] in NOT_IN_USE:
        return NOTHING
    plain = normal(attrs)
    fields = {**plain._asdict(), **{name: attrs[name] for name in _SIDE_BY_SIDE}}
    said = {name: value for name, value in fields.items() if value}
    return Keyed(tuple(map(hashed, likeness_keys(plain))), said, began_at)


def as_compared(fields: Mapping[str, str]) -> Normal:
    """The customer from which these fields were made."""
    return Normal(**{name: fields.get(name, "") for name in Normal._fields})


def hashed(key: str) -> str:
    """The key with its content hashed, so that no tax id or name can be read in it; its sort stays readable."""
    made_of, _, text = key.partition(":")
    return f"{made_of}:{blake2b(text.encode(), digest_size=16).hexdigest()}"


def alike(entity: str, before: Version | None, after: Version) -> bool:
    """Whether nothing changed that keys and comparison are made from: a cheap check before the costly one."""
    one, other = before["attrs"] if before else None, after["attrs"]
    if one is None or other is None:
        return one is None and other is None
    return all(one.get(name) == other.get(name) for name in _LOOKED_AT[entity])
