"""Many customers with one dossier's story."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

from schemas.instants import SECOND
from tests.dossiers.model import Change, Dossier, Story, company


def story_of(dossier: Dossier, *, resolved: bool = False) -> Story:
    """The customer's records and the story, up to its end where that is wanted."""
    return (*company(dossier.linked), *dossier.story, *(dossier.resolved_by if resolved else ()))


def crowd(story: Story, customers: int, rng: random.Random, spread: int = 200, name: str = "") -> list[Change]:
    """Each begins some time within `spread` seconds, and has its own ids, numbers and references, which end in `name`
    and a number."""
    made: list[Change] = []
    for number in range(customers):
        start = rng.randrange(spread)
        made += (_renamed(one, f"-{name}{number}", start) for one in story)
    return made


def _renamed(one: Change, name: str, start: float) -> Change:
    attributes = one.attributes and {k: _own(k, v, name) for k, v in one.attributes.items()}
    return one._replace(
        at=one.at + start, native_id=one.native_id + name, customer=one.customer + name, attributes=attributes
    )


def _own(attribute: str, value: Any, name: str) -> Any:
    return value + name if isinstance(value, str) and attribute.endswith(("_ref", "number")) else value


def as_lines(story: Iterable[Change], **also: Any) -> list[bytes]:
    """The story as lines of a log, in order; versions are counted from 1."""
    return [
        json.dumps(
            {
                "system": one.system,
                "entity": one.entity,
                "native_id": one.native_id,
                "customer": one.customer,
                "version": f"{number:012d}",
                "committed_at": round(one.at * SECOND),
                "changed_by": one.by,
                "operation": "delete" if one.attributes is None else "upsert",
                "attributes": one.attributes,
                **also,
            }
        ).encode()
        + b"\n"
        for number, one in enumerate(sorted(story, key=lambda c: c.at), 1)
    ]
