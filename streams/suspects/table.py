"""The kinds about identity across customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from streams.governance.model import Governance
from tables.deadlines import Gate
from tables.watermarks import LINKS


class SuspectKind(NamedTuple):
    number: str
    """Its number in the catalogue."""
    command: str
    """The proposed command; a person decides who is who."""
    when: str
    """A sentence: what is the case when it drifts."""
    gate: Gate = ()
    """The gate that it waits at until it is due; empty: the gate of the subject's entity."""


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
"""Kinds that the crosswalk judges, where links are resolved; the suspects stage judges the others."""
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
    """What must have been heard before a suspicion about such records is told: the records and the links of customers,
    from every system."""
    carriers = [(name, entity) for name in governance.systems if governance.carries(name, entity)]
    return (*carriers, *((name, LINKS) for name in governance.linking))
