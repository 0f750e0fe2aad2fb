"""Documents: the records of which a customer gets more for ever, when one is finished, and what ties it to others.

Two are tied where the rules of one find the other by a value. Those that are tied are about one thing, so they leave
the state together (streams/judge/leaving.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from streams.kinds.facts import UNPAID
from streams.kinds.model import ID
from streams.kinds.table import KINDS
from tables.versions import PRESENT, Version

Attributes = Mapping[str, Any]

FINISHED: dict[str, Callable[[Attributes], bool]] = {
    # entity: is nothing left to happen to it in the ordinary course of things?
    "invoice": lambda a: a["status"] in ("posted", "paid", "voided") and a.get("payment_status") not in UNPAID,
    "invoice_line": lambda a: True,
    "payment": lambda a: a["status"] in ("settled", "failed", "refunded"),
    "refund": lambda a: a["status"] in ("settled", "failed"),
    "credit_memo": lambda a: a["status"] in ("posted", "voided"),
    "cash_application": lambda a: True,
    "ledger_posting": lambda a: a["status"] in ("posted", "reversed"),
    "usage": lambda a: True,
}


class Tie(NamedTuple):
    attribute: str
    entity: str
    """Entity of the other document."""
    theirs: str
    """Its attribute that has the same value."""


def is_finished(entity: str, version: Version) -> bool:
    """Whether the document is finished. One that is deleted or went to another customer is."""
    return version["op"] != PRESENT or FINISHED[entity](version["attrs"])


def _ties() -> dict[str, tuple[Tie, ...]]:
    found: dict[str, dict[Tie, None]] = {entity: {} for entity in FINISHED}
    for kind in KINDS:
        for entity, way in kind.references:
            if ID not in way and kind.entity in FINISHED and entity in FINISHED:
                found[kind.entity][Tie(way.subject_attribute, entity, way.change_attribute)] = None
                found[entity][Tie(way.change_attribute, kind.entity, way.subject_attribute)] = None
    return {entity: tuple(ties) for entity, ties in found.items()}


class Whole(NamedTuple):
    """What a part belongs to: a document of its own system, by its id."""

    entity: str
    attribute: str
    """Attribute of the part that names the whole."""


def _wholes() -> dict[str, tuple[Whole, ...]]:
    found: dict[str, dict[Whole, None]] = {entity: {} for entity in FINISHED}
    for kind in KINDS:
        for entity, way in kind.references:
            if ID in way and kind.entity in FINISHED and entity in FINISHED:
                assert way.subject_attribute == ID, f"{kind.row}: a part names its whole, and not the other way"
                found[entity][Whole(kind.entity, way.change_attribute)] = None
    return {entity: tuple(wholes) for entity, wholes in found.items()}


WHOLES: dict[str, tuple[Whole, ...]] = _wholes()
"""Parts leave after what they belong to: of those there may be many, so they are not looked through."""
TIES: dict[str, tuple[Tie, ...]] = _ties()
"""Both ways."""
LOOKING: frozenset[str] = frozenset(k.name for k in KINDS if any(entity in FINISHED for _, entity in k.reach))
"""Names of the kinds that look at documents."""
