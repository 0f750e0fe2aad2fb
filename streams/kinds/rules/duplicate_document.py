"""Kind 45: one document number stands on more than one live document of a system."""

from __future__ import annotations

from typing import NamedTuple

from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import since
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import Kind, Refers
from streams.kinds.shared import place, said


class _Row(NamedTuple):
    role: str
    number: str
    """The attribute that must be unique,"""
    within: tuple[str, ...]
    """among documents that have the same in these, where both state it."""
    amount: str
    command: str
    desired: dict[str, str | None]


ROWS: dict[str, _Row] = {
    "subscription": _Row(
        "billing", "number", ("version_number", "legal_entity"), "total_value", "billing.subscription.cancel",
        {"status": "cancelled"},
    ),
    "invoice": _Row("billing", "number", ("legal_entity",), "total", "billing.invoice.void", {"status": "voided"}),
    "credit_memo": _Row("billing", "number", (), "total", "billing.credit_memo.void", {"status": "voided"}),
    "ledger_posting": _Row(
        "erp", "document_ref", ("document_type", "legal_entity"), "total", "erp.invoice.reverse", {"status": "reversed"}
    ),
}  # fmt: skip
ONE_OF_A_KIND = ("invoice", "credit_memo")
"""Postings of which a document has one; reversals, refunds and payments may be several."""


def duplicate_document(now: AsOf, subject: Subject) -> Answer:
    """The later document is the subject."""
    record, row = now.subject(*place(subject)), ROWS[subject.entity]
    if record is None or not record.attrs[row.number]:
        return None
    document = record.attrs[row.number]
    same = [f for f in now.by_reference(subject.entity, row.role, row.number, document) if f.system == subject.system]
    alive = sorted((f for f in same if _live(f) and _alike(row, f, record)), key=_began)
    # Each reversal makes room for one more: what it reversed stands no longer.
    excess = alive[1 + _room(same) :]
    duplicate = record in excess
    name = f"{subject.entity.replace('_', ' ')} {document}"
    amount = record.attrs[row.amount]
    return Finding(
        satisfied=not duplicate,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        amount=amount,
        expected=f"one {name} in {subject.system}: {alive[0].native_id if alive else record.native_id}",
        observed=f"{record.native_id} over {said(amount)} has the same number"
        if duplicate
        else _why_one(row, record, same, alive),
        evidence=tuple(Evidence(f, "status", f.attrs["status"]) for f in (record, *(f for f in alive if f != record))),
        ask=Ask(subject.system, subject.entity, record.native_id, row.desired, {"status": record.attrs["status"]}),
        satisfied_by=max(same, key=lambda f: f.version["at"], default=record),
        snapshot=all(f.version["snapshot"] for f in (record, *alive)),
    )


def _why_one(row: _Row, record: Found, same: list[Found], alive: list[Found]) -> str:
    """Why it is one, though others have the number."""
    if not _live(record):
        return f"{record.native_id} does not count: it is {_called(record)}"
    found = f"{len(alive)}, less what was reversed" if len(alive) > 1 else "one"
    return "; ".join((found, *(_beside(row, record, other) for other in same if other not in alive)))


def _beside(row: _Row, record: Found, other: Found) -> str:
    if not _live(other):
        return f"{other.native_id} does not count: it is {_called(other)}"
    apart = (a.replace("_", " ") for a in row.within if not _alike_in(a, record, other))
    return f"{other.native_id} has another {' and '.join(apart)}"


def _called(found: Found) -> str:
    type_ = found.attrs.get("document_type", "invoice")
    return str(found.attrs["status"]) if type_ in ONE_OF_A_KIND else f"a {type_}"


def _live(found: Found) -> bool:
    one = found.attrs.get("document_type", "invoice") in ONE_OF_A_KIND
    return one and since(found.version["since"], "live") is not None


def _alike(row: _Row, one: Found, other: Found) -> bool:
    return all(_alike_in(attribute, one, other) for attribute in row.within)


def _alike_in(attribute: str, one: Found, other: Found) -> bool:
    stated = one.attrs[attribute], other.attrs[attribute]
    return None in stated or stated[0] == stated[1]


def _began(found: Found) -> tuple[int, str]:
    live = since(found.version["since"], "live")
    assert live is not None
    return live.at, found.native_id


def _room(same: list[Found]) -> int:
    """Reversals in the ledger, but for those of documents that are marked as reversed themselves."""
    reversals = [f for f in same if f.attrs.get("document_type") == "reversal" and f.attrs["status"] == "posted"]
    reversed_ = [f for f in same if f.attrs.get("document_type") in ONE_OF_A_KIND and f.attrs["status"] == "reversed"]
    return max(0, len(reversals) - len(reversed_))


def _kind(entity: str, row: _Row) -> Kind:
    return Kind(
        number="45",
        name="duplicate_document",
        entity=entity,
        several=True,
        roles=(row.role,),
        clock="grace",
        reach={(row.role, entity): Refers(row.number, row.number)},
        judge=duplicate_document,
        compared_within="system",
        command=row.command,
        sort="ask",
        condition="DocumentsUnique",
    )


KINDS = tuple(_kind(entity, row) for entity, row in ROWS.items())
