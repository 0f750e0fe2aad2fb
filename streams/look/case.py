"""A case: one (kind, subject) of one customer with everything an explanation needs, looked up once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from schemas import ids
from schemas.instants import Instant
from streams.governance.model import Governance
from streams.judge.keys import MARKS, ObligationKey
from streams.judge.obligation import Due, Obligation, Trigger
from streams.kinds.asof import AsOf, Found, entity_key
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
    is_back: bool
    """Whether it came back after it had left the state by retention."""
    looking: Looking

    @cached_property
    def ended(self) -> Ended | None:
        """What ended the trigger; the subject is judged at each of its versions for that."""
        return _ended(self.looking, self.kind, self.subject, self.remembered)

    @property
    def spared(self) -> str:
        """Why nothing is demanded, where the rule says more than that nothing is."""
        return _spared(self.looking, self.kind, self.subject)

    @property
    def done_so_far(self) -> Found | None:
        """The record that answers now."""
        known = self.finding.satisfied_by if self.finding else None
        return self.done_by(self.now) or known

    def done_by(self, instant: Instant) -> Found | None:
        """The record that answered first of what has been in order up to this instant, in the version that did."""
        return _done_by(self.looking, self.kind, self.subject, instant)

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


class Looking:
    """One look at a customer: what many cases share is worked out once."""

    def __init__(self, view: View, governance: Governance, customer: str, now: Instant) -> None:
        self.ws, self.governance, self.customer, self.now = Workspace(view), governance, customer, now
        self._bounds: dict[tuple[str, str], tuple[Instant, str]] = {}

    def bound(self, kind: Kind, system: str) -> tuple[Instant, str]:
        """Up to when verdicts can be given, and what holds them back there."""
        known = self._bounds.get((kind.row, system))
        if known is None:
            marks = self.ws.get(MARKS) or {}
            known = self._bounds[kind.row, system] = holding_back(marks, self.governance, kind, system)
        return known

    def as_of(self, instant: Instant) -> AsOf:
        return AsOf(self.ws, self.governance, self.customer, instant)


def cases(looking: Looking, kind: Kind) -> Iterator[Case]:
    """Every subject that this kind has, or had, at this customer."""
    for subject in sorted(_subjects(looking.ws, looking.governance, looking.customer, kind)):
        yield _case(looking, kind, subject)


def case_of(view: View, governance: Governance, kind: Kind, key: ObligationKey, now: Instant) -> Case:
    """That of one obligation."""
    subject = Subject(key.system, kind.entity, key.native_id)
    return _case(Looking(view, governance, key.customer, now), kind, subject)


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


def _case(looking: Looking, kind: Kind, subject: Subject) -> Case:
    ws, customer = looking.ws, looking.customer
    key = ObligationKey(customer, kind.row, subject.system, subject.native_id)
    obligation = Obligation.from_json(ws.get(key.text()))
    as_of = looking.as_of(looking.now)
    answer = kind.judge(as_of, subject)
    until, source = looking.bound(kind, subject.system)
    record = ws.get(entity_key(customer, subject.entity, subject.system, subject.native_id)) or {"versions": []}
    return Case(
        kind=kind,
        subject=subject,
        obligation=obligation,
        answer=answer,
        due=due_by(as_of, kind, subject, obligation, answer),
        until=until,
        source=source,
        now=looking.now,
        moved=as_of.moved,
        remembered=tuple(record["versions"]),
        is_back=bool(record.get("returned")),
        looking=looking,
    )


def _ended(looking: Looking, kind: Kind, subject: Subject, versions: Sequence[Version]) -> Ended | None:
    """The version of the subject that ended a trigger, as far back as versions are kept."""
    held = [_demands(kind.judge(looking.as_of(v["at"]), subject), kind) for v in versions[-FEW:]]
    changes = list(zip(versions[-FEW:], held, strict=True))
    if not changes or changes[-1][1]:
        return None
    for (_, before), (version, after) in reversed(list(pairwise(changes))):
        if before and not after:
            return Ended(version["at"], version)
    return None


def _done_by(looking: Looking, kind: Kind, subject: Subject, instant: Instant) -> Found | None:
    found = _satisfied_by(looking, kind, subject, instant)
    for _ in range(FEW):
        before = _satisfied_by(looking, kind, subject, found.version["at"] - 1) if found else None
        if before is None:
            break
        found = before
    return found


def _spared(looking: Looking, kind: Kind, subject: Subject) -> str:
    return kind.spared(looking.as_of(looking.now), subject) if kind.spared else ""


def _satisfied_by(looking: Looking, kind: Kind, subject: Subject, instant: Instant) -> Found | None:
    answer = kind.judge(looking.as_of(instant), subject)
    return answer.satisfied_by if isinstance(answer, Finding) and answer.satisfied else None


def _demands(answer: Answer, kind: Kind) -> bool:
    """Whether the trigger holds; with grace, whether there is a mismatch."""
    if not isinstance(answer, Finding):
        return False
    return not answer.satisfied if kind.clock == "grace" else bool(answer.trigger_version)
