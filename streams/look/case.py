"""A case: one (kind, subject) of one customer with everything an explanation needs, looked up once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from schemas import ids
from schemas.instants import Instant
from streams.governance.model import Governance
from streams.judge.keys import MARKS, ObligationKey
from streams.judge.obligation import Due, Obligation, Trigger
from streams.kinds.asof import AsOf, entity_key
from streams.kinds.finding import Answer, Finding, Subject
from streams.kinds.references import FEW
from streams.kinds.table import Kind
from streams.look.lag import due_by, holding_back
from tables.versions import Version
from tables.view import View, Workspace


class Ended(NamedTuple):
    """The trigger held once, until this version of the subject."""

    at: Instant
    version: Version


@dataclass(frozen=True)
class Case:
    kind: Kind
    subject: Subject
    obligation: Obligation
    answer: Answer
    """The predicate's answer now, from what has arrived."""
    due: Due | None
    """When the present trigger is due, or the one that the answer would begin."""
    until: Instant
    """Verdicts can be given up to then."""
    source: str
    """What holds them back there."""
    now: Instant
    moved: bool
    remembered: tuple[Version, ...]
    """The subject's versions that are kept."""
    ended: Ended | None
    is_back: bool
    """Whether it came back after it had left the state by retention."""

    @property
    def finding(self) -> Finding | None:
        return self.answer if isinstance(self.answer, Finding) else None

    @property
    def settled_trigger_stands(self) -> bool:
        """The obligation's answer is about what demands it now; an answer that was lost since is no new demand."""
        finding = self.finding
        if finding is None or not finding.trigger_version:
            return self.obligation.trigger is not None
        return self.obligation.asked == Trigger(finding.triggered_at, finding.trigger_version)

    @property
    def drift_id(self) -> str:
        trigger = self.obligation.trigger
        if trigger is None:
            return ""
        system, entity, native_id = self.subject
        return ids.drift_id(self.kind.name, system, entity, native_id, trigger.version)


def cases(view: View, governance: Governance, customer: str, kind: Kind, now: Instant) -> Iterator[Case]:
    """Every subject that this kind has, or had, at this customer."""
    ws = Workspace(view)
    for subject in sorted(_subjects(ws, governance, customer, kind)):
        yield _case(ws, governance, customer, kind, subject, now)


def case_of(view: View, governance: Governance, kind: Kind, key: ObligationKey, now: Instant) -> Case:
    """That of one obligation."""
    subject = Subject(key.system, kind.entity, key.native_id)
    return _case(Workspace(view), governance, key.customer, kind, subject, now)


def _subjects(ws: Workspace, governance: Governance, customer: str, kind: Kind) -> set[Subject]:
    found: set[Subject] = set()
    for role in kind.roles:
        for system in governance.in_role(role):
            prefix = f"e/{customer}/{kind.entity}/{system}/"
            found |= {Subject(system, kind.entity, k.removeprefix(prefix)) for k, _ in ws.range(prefix, _MANY)}
    for text, _ in ws.range(f"o/{customer}/{kind.row}/", _MANY):
        key = ObligationKey.parse(text)
        found.add(Subject(key.system, kind.entity, key.native_id))
    return {subject for subject in found if subject.system in governance.systems}


def left_alone(view: View, governance: Governance, customer: str, kind: Kind) -> Iterator[ObligationKey]:
    """What is demanded, or was, of records of systems that governance has no more."""
    for text, _ in view.range(f"o/{customer}/{kind.row}/", _MANY):
        if (key := ObligationKey.parse(text)).system not in governance.systems:
            yield key


_MANY = 1_000_000
"""A person asked: all there are."""


def _case(ws: Workspace, governance: Governance, customer: str, kind: Kind, subject: Subject, now: Instant) -> Case:
    key = ObligationKey(customer, kind.row, subject.system, subject.native_id)
    obligation = Obligation.from_json(ws.get(key.text()))
    as_of = AsOf(ws, governance, customer, now)
    answer = kind.judge(as_of, subject)
    until, source = holding_back(ws.get(MARKS) or {}, governance, kind, subject.system)
    record = ws.get(entity_key(customer, subject.entity, subject.system, subject.native_id)) or {"versions": []}
    return Case(
        kind=kind,
        subject=subject,
        obligation=obligation,
        answer=answer,
        due=due_by(as_of, kind, subject, obligation, answer),
        until=until,
        source=source,
        now=now,
        moved=as_of.moved,
        remembered=tuple(record["versions"]),
        ended=_ended(ws, governance, customer, kind, subject, record["versions"]),
        is_back=bool(record.get("returned")),
    )


def _ended(
    ws: Workspace, governance: Governance, customer: str, kind: Kind, subject: Subject, versions: list[Version]
) -> Ended | None:
    """The version of the subject that ended a trigger, as far back as versions are kept."""
    held = [_demands(kind.judge(AsOf(ws, governance, customer, v["at"]), subject), kind) for v in versions[-FEW:]]
    changes = list(zip(versions[-FEW:], held, strict=True))
    if not changes or changes[-1][1]:
        return None
    for (_, before), (version, after) in reversed(list(pairwise(changes))):
        if before and not after:
            return Ended(version["at"], version)
    return None


def _demands(answer: Answer, kind: Kind) -> bool:
    """Whether the trigger holds; with grace, whether there is a mismatch."""
    if not isinstance(answer, Finding):
        return False
    return not answer.satisfied if kind.clock == "grace" else bool(answer.trigger_version)
