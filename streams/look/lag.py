"""How far verdicts lag behind: what holds a kind back, and when an obligation's answer is due."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.instants import NEVER, Instant, iso
from schemas.source import ALL_OBJECTS
from streams.governance.model import Governance
from streams.judge.counting import clock_of
from streams.judge.gates import asserting, needed
from streams.judge.obligation import Due, Obligation, Trigger
from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Finding, Subject
from streams.kinds.table import Kind
from tables.watermarks import LINKS, Marks, name, object_watermark


def source_name(marks: Marks, full: str) -> str:
    """The object that reports for an entity: itself, or all of its system at once."""
    system = full.split("/", 1)[0]
    return full if full in marks else name(system, ALL_OBJECTS)


def holding_back(marks: Marks, governance: Governance, kind: Kind, system: str) -> tuple[Instant, str]:
    """Up to when verdicts of a kind about this system's subjects can be given, and the object that holds them back."""
    return heard_least(marks, governance, needed(governance, kind, system))


def heard_least(marks: Marks, governance: Governance, pairs: Iterable[tuple[str, str]]) -> tuple[Instant, str]:
    """Of these (system, entity) pairs. Links are not heard further than what asserts them: their own system and, where
    they wait for one another, every system that is awaited; of that it is said."""
    at, is_links, system, entity = _least(marks, governance, pairs)
    if is_links and (awaited := asserting(governance)):
        asserted = _least(marks, governance, awaited)
        if asserted[0] <= at:
            _, _, system, entity = asserted
    return at, source_name(marks, name(system, entity))


def _least(marks: Marks, governance: Governance, pairs: Iterable[tuple[str, str]]) -> tuple[Instant, bool, str, str]:
    """With what comes first of equals."""
    return min((object_watermark(marks, s, e, governance.partitions), e == LINKS, s, e) for s, e in pairs)


def behind(due: Instant, until: Instant, source: str) -> str:
    """Why what was due has no verdict: what holds verdicts back at `until`, or we who have not given it."""
    if due <= until:
        return "the worker, though it has heard every source, has not judged it yet"
    return heard_up_to(until, source)


def heard_up_to(until: Instant, source: str) -> str:
    return f"{spoken(source)} has " + ("never been heard" if until == NEVER else f"been heard only up to {iso(until)}")


def spoken(source: str) -> str:
    """A source object as people are told of it. What a system links has a watermark of its own, and no table."""
    system, _, entity = source.partition("/")
    return f"{name(system, ALL_OBJECTS)} (its links)" if entity == LINKS else source


def due_by(now: AsOf, kind: Kind, subject: Subject, obligation: Obligation, answer: Answer) -> Due | None:
    """When the running trigger must be answered, or the one that begins with this answer; None where there is none."""
    if not isinstance(answer, Finding):
        return _running(obligation)
    clock = clock_of(now, kind, subject.system, subject.native_id)
    if kind.clock == "deadline":
        trigger = Trigger(answer.triggered_at, answer.trigger_version)
        begins = bool(trigger.version) and trigger != obligation.asked
        return clock.due_by(trigger.at) if begins else _running(obligation)
    if obligation.due is not None or answer.satisfied:
        return _running(obligation)
    began_at: Instant = max(e.found.version["at"] for e in answer.evidence)
    return clock.due_by(began_at)


def _running(o: Obligation) -> Due | None:
    return None if o.due is None else Due(o.due, o.period)
