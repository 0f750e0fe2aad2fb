"""Documents that have left the state by retention: what is still known of them, and what that means for an answer.

Their leaving is recorded nowhere. But what a deletion or a move would have taken away, a leaving leaves: the row in the
corrected state, as it was last told. So a row whose record is not in judge's state any more has left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from schemas.instants import Instant, iso
from streams.governance.model import Governance
from streams.judge.retention import leaving_at, span
from streams.kinds.asof import entity_key
from streams.kinds.documents import FINISHED
from streams.kinds.table import judged
from streams.look.shown import age
from streams.look.why import Explanation
from tables.view import View


class Left(NamedTuple):
    """A document that is judged no more."""

    system: str
    entity: str
    native_id: str
    silent_since: Instant
    """When what the corrected state tells of it was committed."""


def left(
    view: View, governance: Governance, customer: str, rows: Iterable[Mapping[str, Any]], now: Instant
) -> list[Left]:
    """`view`: judge's state of the customer; `rows`: its corrected state, read after that. One that is younger than
    what may leave has come in between."""
    if span(governance) is None:
        return []
    documents = (_of(row) for row in rows if row["entity"] in FINISHED)
    return [
        one
        for one in documents
        if one is not None
        and view.get(entity_key(customer, one.entity, one.system, one.native_id)) is None
        and leaving_at(governance, one.silent_since) <= now
    ]


def _of(row: Mapping[str, Any]) -> Left | None:
    system, _, native_id = row["native_id"].partition(":")
    committed = [a["committed_at"] for a in row["attributes"] if a["committed_at"] is not None]
    return Left(system, row["entity"], native_id, max(committed)) if committed else None


def of_subject(governance: Governance, customer: str, found: Iterable[Left]) -> Iterator[Explanation]:
    """Each kind that judged such a document."""
    for one in found:
        for kind in judged(governance):
            if kind.entity == one.entity and any(one.system in governance.in_role(role) for role in kind.roles):
                text = _because(governance, customer, one)
                yield Explanation(kind.name, one.system, one.entity, one.native_id, "left", text)


def in_short(customer: str, found: Iterable[Left]) -> Iterator[Explanation]:
    """How many there are: over the years, more than anybody reads."""
    for (system, entity), count in sorted(Counter((one.system, one.entity) for one in found).items()):
        text = f"{count} left the state by retention, judged no more; `driftwise why {customer} KIND ID` says when"
        yield Explanation("", system, entity, "", "left", text)


def meaning(governance: Governance) -> str:
    """What retention means where nothing is known; empty where documents stay."""
    kept = span(governance)
    if kept is None:
        return ""
    return (
        f"a settled document leaves the state {age(0, kept)} after its last change (settled_retention_seconds in "
        "systems.yaml) and is judged no more"
    )


def _because(governance: Governance, customer: str, one: Left) -> str:
    leaves = iso(leaving_at(governance, one.silent_since))
    return (
        f"left the state by retention at {leaves}, or later with documents that it is tied to: its last change was "
        f"{iso(one.silent_since)}, and {meaning(governance)}. Nothing of it was open then. "
        f"`driftwise state {customer}` shows it as it was, q2c.audit how what it owed ended; for those that have "
        "not left, a longer retention can be governed"
    )
