"""The trail of an attribute: who changed it last, when, and from what.

Identify stamps it beside the facts, so that a verdict can tell a step backwards, a foreign edit or a quarrel of two
writers however much history was folded. States are kept as words; what may be personal only as a digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from schemas.entities import ENTITIES
from schemas.instants import Instant
from streams.governance.mapping import Amount, ObjectMapping, Vocabulary
from tables.versions import Version

Attributes = Mapping[str, Any]
Source = str | Vocabulary | Amount | None

_KEY = "trail:"
KEPT = 8
"""Changes of one attribute that are remembered."""
STATES: dict[str, tuple[str, ...]] = {
    "customer": ("status",),
    "opportunity": ("stage",),
    "order": ("status",),
    "contract": ("status",),
    "subscription": ("status",),
    "invoice": ("status", "payment_status"),
    "payment": ("status",),
    "refund": ("status",),
    "credit_memo": ("status",),
    "ledger_posting": ("status",),
    "revenue_schedule": ("status",),
}
STATED: dict[str, tuple[str, ...]] = {
    # What several systems say of one thing; states and references are each system's own.
    "customer": tuple(
        a.name for a in ENTITIES["customer"].attributes if a.type == "text" and not a.name.endswith(("_ref", "status"))
    )
}


class Step(NamedTuple):
    """One change of an attribute."""

    at: Instant
    by: str
    snapshot: bool
    """Whether a snapshot showed it, so that it happened at some time before."""
    was: str
    """The value before: a word, or a digest; empty where there was none."""
    version: str


def stamp_trails(
    entity: str, attributes: Attributes, last: Version | None, at: Instant, version: str, snapshot: bool, by: str
) -> dict[str, str]:
    """Attribute -> its trail, newest first, of those that ever changed since the record is known."""
    before = last["attrs"] if last else None
    if last is None or before is None:
        return {}
    trails = {}
    for attribute in (*STATES.get(entity, ()), *STATED.get(entity, ())):
        trail = last["since"].get(_key(attribute), "").split()
        # A record of an earlier release may lack the attribute: then nothing is known to have changed.
        if attribute in before and before[attribute] != attributes[attribute]:
            was = mark(entity, attribute, before[attribute])
            trail.insert(0, f"{at}/{by}/{'snapshot' if snapshot else ''}/{quote(was, safe='')}/{version}")
        if trail:
            trails[_key(attribute)] = " ".join(trail[:KEPT])
    return trails


def read_again(
    entity: str, attributes: Attributes, last: Version, before: ObjectMapping, after: ObjectMapping
) -> dict[str, str]:
    """The trails of a row that another mapping reads. Nobody changed anything; but where a value, or a word of its
    trail, is read otherwise, what changed before is not known any more."""
    return {
        _key(attribute): trail
        for attribute in (*STATES.get(entity, ()), *STATED.get(entity, ()))
        if (trail := last["since"].get(_key(attribute)))
        and last["attrs"].get(attribute) == attributes[attribute]
        and _reads_alike(before.attributes.get(attribute), after.attributes.get(attribute), trail)
    }


def _reads_alike(before: Source, after: Source, trail: str) -> bool:
    if before == after:
        return True
    if not (isinstance(before, Vocabulary) and isinstance(after, Vocabulary) and before.field == after.field):
        return False
    otherwise = {mapped for word, mapped in before.map.items() if after.map.get(word) != mapped}
    return not any(_step(text).was in otherwise for text in trail.split())


def trail_of(stamped: Mapping[str, str], attribute: str) -> tuple[Step, ...]:
    """Newest first; empty for an attribute that never changed."""
    steps = stamped.get(_key(attribute))
    return tuple(_step(text) for text in steps.split()) if steps else ()


def most_changes(stamped: Mapping[str, str], attributes: Collection[str]) -> int:
    """How many changes are remembered of the one of these attributes that changed most."""
    trails = (text for key, text in stamped.items() if key.startswith(_KEY) and key.removeprefix(_KEY) in attributes)
    return max((len(text.split()) for text in trails), default=0)


def mark(entity: str, attribute: str, value: Any) -> str:
    """The text by which a trail names a value."""
    if value is None or attribute in STATES.get(entity, ()):
        return str(value or "")
    return sha256(str(value).encode()).hexdigest()[:16]


def _key(attribute: str) -> str:
    return f"{_KEY}{attribute}"


def _step(text: str) -> Step:
    at, by, snapshot, was, version = text.split("/", 4)
    return Step(int(at), by, bool(snapshot), unquote(was), version)
