"""The kinds about identity across customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from streams.governance.model import Governance
from tables.deadlines import Gate
from tables.watermarks import LINKS


class SuspectKind(NamedTuple):
    number: str
    """In the catalogue."""
    command: str
    """Proposed only: a person decides who is who."""
    when: str
    """In a sentence: what it is when it drifts."""
    gate: Gate = ()
    """Where it waits until it is due; empty: at that of the subject's entity."""


CUSTOMERS = "duplicate_customer_suspected"
DOCUMENTS = "duplicate_document_across_customers"
CONFLICT = "identity_conflict"
CIRCLE = "hierarchy_circle"
SUSPECT_KINDS: Mapping[str, SuspectKind] = {
    CIRCLE: SuspectKind(
        "36",
        "hierarchy.resolve",
        "the chain of a customer's parents comes back to where it began, over other customers",
        ("circles",),
    ),
    CUSTOMERS: SuspectKind(
        "44",
        "master.merge.propose",
        "records of customers that nobody linked are so alike that they may be one company",
    ),
    DOCUMENTS: SuspectKind(
        "45",
        "document.duplicate.propose",
        "invoices or credit memos of two customers have the same number",
    ),
    CONFLICT: SuspectKind(
        "48",
        "crosswalk.resolve",
        "the most senior system that knows a customer has two records of it; meanwhile its commands are withheld",
        ("conflicts",),
    ),
}
IN_CROSSWALK = (CIRCLE, CONFLICT)
"""Judged where links are resolved; the others in the suspects stage."""
KIND_OF: Mapping[str, str] = {
    # entity: the kind for which its records are compared across customers
    "customer": CUSTOMERS,
    "invoice": DOCUMENTS,
    "credit_memo": DOCUMENTS,
}


def compared(governance: Governance) -> frozenset[str]:
    """The entities whose records this deployment compares across customers."""
    known: frozenset[str] | None = governance.derived.get((compared,))
    if known is None:
        wanted = (entity for entity, kind in KIND_OF.items() if governance.suspects and governance.wants(kind))
        known = governance.derived[(compared,)] = frozenset(wanted)
    return known


def needed(governance: Governance, entity: str) -> tuple[tuple[str, str], ...]:
    """What must have been heard before a suspicion about such records is given: they, and the links of customers, of
    every system."""
    carriers = [(name, entity) for name in governance.systems if governance.carries(name, entity)]
    return (*carriers, *((name, LINKS) for name in governance.linking))
