"""Kind 38: a state went backwards in its order, and no refund, reversal or chargeback explains it."""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import KNOWN, since
from streams.kinds.finding import Answer, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind, Place, Reach, Refers
from streams.kinds.shared import place
from streams.kinds.trail import STATES, Step, trail_of
from tables.versions import Version


class _Explains(NamedTuple):
    """A record that may explain a step back: where it is, how it names the subject, in which states it does."""

    role: str
    entity: str
    names_it_in: str
    by: str
    """The attribute of the subject that it states."""
    attribute: str
    states: tuple[str, ...]
    known: str = KNOWN
    """The fact that began when it began to explain, at the earliest."""


class _Row(NamedTuple):
    roles: tuple[str, ...]
    explained_by: tuple[_Explains, ...] = ()


_INVOICE = (
    _Explains("processor", "payment", "invoice_ref", "number", "status", ("failed", "refunded", "disputed")),
    _Explains("billing", "refund", "invoice_ref", "number", "status", ("pending", "settled")),
    _Explains("processor", "refund", "invoice_ref", "number", "status", ("pending", "settled")),
    _Explains("billing", "credit_memo", "invoice_ref", "number", "status", ("posted",)),
    _Explains("erp", "cash_application", "invoice_ref", "number", "status", ("reversed",), "reversed"),
    _Explains("erp", "ledger_posting", "document_ref", "number", "document_type", ("reversal", "refund")),
)
_PAYMENT = (_Explains("processor", "refund", "payment_ref", "reference", "status", ("pending", "settled")),)
ROWS: dict[str, _Row] = {
    "customer": _Row(("crm", "billing", "erp")),
    "opportunity": _Row(("crm",)),
    "order": _Row(("erp",)),
    "contract": _Row(("crm", "billing", "erp")),
    "subscription": _Row(("billing",)),
    "invoice": _Row(("billing",), _INVOICE),
    "payment": _Row(("processor", "billing"), _PAYMENT),
    "refund": _Row(("processor",)),
    "credit_memo": _Row(("billing", "erp")),
    "ledger_posting": _Row(("erp",)),
    "revenue_schedule": _Row(("erp",)),
}
_MONEY = frozenset({"invoice", "payment", "refund", "credit_memo", "ledger_posting"})
_NAMES = ("number", "document_ref", "reference")
_AMOUNTS = ("total", "total_value", "value")


def state_regression(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    if record is None:
        return None
    back = _steps_back(now.governance, record.entity, record.version)
    reason = next((r for r in (_explanation_of_all(now, record, steps) for steps in back.values()) if r), None)
    newest = max((step for steps in back.values() for step in steps), key=lambda s: s.at, default=None)
    states = tuple(back) or STATES[record.entity]
    return Finding(
        satisfied=not back or reason is not None,
        triggered_at=0,
        trigger_version="",
        snapshot=newest is not None and newest.snapshot,
        owner_system=record.system,
        severity="" if record.entity in _MONEY else "S3",
        finance_impacting=None if record.entity in _MONEY else False,
        amount=next((record.attrs[name] for name in _AMOUNTS if record.attrs.get(name)), None),
        expected=f"{_called(record)} in {record.system} goes forward only, "
        "or a refund, reversal or chargeback says why not",
        observed="; ".join(
            (
                *(_said(record, attribute, steps[0]) for attribute, steps in back.items()),
                *(
                    (f"{reason.entity.replace('_', ' ')} {reason.native_id} of {reason.system} says why",)
                    if reason
                    else ()
                ),
            )
        )
        or "in order",
        evidence=tuple(Evidence(record, attribute, record.attrs[attribute]) for attribute in states),
        satisfied_by=reason or record,
    )


def _steps_back(governance: Governance, entity: str, version: Version) -> dict[str, list[Step]]:
    """By attribute, oldest first, those after which it has not been again where it was before."""
    found = {a: _not_made_good(governance, entity, a, version) for a in STATES[entity]}
    return {attribute: steps for attribute, steps in found.items() if steps}


def _not_made_good(governance: Governance, entity: str, attribute: str, version: Version) -> list[Step]:
    trail, rank = trail_of(version["since"], attribute), governance.process.rank
    became: list[str | None] = [version["attrs"].get(attribute), *(step.was for step in trail)]
    lost: list[tuple[int, Step]] = []
    for nth in range(len(trail) - 1, -1, -1):
        step, state = trail[nth], became[nth]
        before, after = rank(entity, attribute, step.was), rank(entity, attribute, state)
        lost = [] if after is None else [(was, back) for was, back in lost if was > after]
        if before is not None and after is not None and after < before:
            lost.append((before, step))
    return [step for _, step in lost]


def _explanation_of_all(now: AsOf, record: Found, steps: list[Step]) -> Found | None:
    reasons = [_explanation(now, record, step) for step in steps]
    return reasons[-1] if all(reasons) else None


def _explanation(now: AsOf, record: Found, step: Step) -> Found | None:
    """Something that was told no further from the step: since it began to explain, until its state changed last."""
    within = now.governance.process.explained_within
    for e in ROWS[record.entity].explained_by:
        for other in now.by_reference(e.entity, e.role, e.names_it_in, record.attrs[e.by]):
            if other.attrs[e.attribute] in e.states:
                began = _began(other, e)
                turned = next((s.at for s in trail_of(other.version["since"], e.attribute)), began)
                if began - within <= step.at <= max(began, turned) + within:
                    return other
    return None


def _began(other: Found, explains: _Explains) -> Instant:
    stamped = other.version["since"]
    for step in trail_of(stamped, explains.attribute):
        if step.was not in explains.states:
            return step.at
    known = since(stamped, explains.known)
    return known.at if known else other.version["at"]


def _called(record: Found) -> str:
    name = next((record.attrs[n] for n in _NAMES if record.attrs.get(n)), record.native_id)
    return f"{record.entity.replace('_', ' ')} {name}"


def _said(record: Found, attribute: str, step: Step) -> str:
    return f"{attribute.replace('_', ' ')} went back from {step.was} to {record.attrs[attribute]}"


def _kind(entity: str, row: _Row) -> Kind:
    reach: dict[Place, Reach] = {(role, entity): Itself() for role in row.roles}
    reach |= {(e.role, e.entity): Refers(e.by, e.names_it_in) for e in row.explained_by}
    return Kind(
        number="38",
        name="state_regression",
        entity=entity,
        several=True,
        roles=row.roles,
        clock="grace",
        reach=reach,
        # A company without a processor, say, has no refunds that could explain anything.
        optional=frozenset((e.role, e.entity) for e in row.explained_by),
        judge=state_regression,
        begins=lambda governance, version: bool(_steps_back(governance, entity, version)),
        command="",
        sort="ask",
        condition="StatesGoForward",
    )


KINDS = tuple(_kind(entity, row) for entity, row in ROWS.items())
