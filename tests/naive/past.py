"""All records as of every instant up to one: since when something holds is looked up, not remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from tests.dossiers.model import Change
from tests.naive.world import Drift, Holds, Key, Look, Record, World, deadline, grace

DAY = 86400
MINOR = {"EUR": Decimal("0.01")}


class Past:
    """Of a log, up to an instant at which something changed or a day began."""

    def __init__(self, story: Sequence[Change], worlds: Sequence[tuple[float, World]]) -> None:
        self.story, self.worlds = story, worlds
        self.at, self.now = worlds[-1]
        self.today = day(self.at)

    def account(self, record: Record) -> tuple[str, str]:
        """Whose it is: who names a CRM account is that account's."""
        key = (record.change.system, "customer", record.change.customer)
        own = self.now.get(key)
        ref = own["crm_ref"] if own and key[0] != "crm" else None
        return ("crm", ref) if ref else (key[0], key[2])

    def since(self, holds: Callable[[World, date], bool]) -> float | None:
        """Since when it has held without a break, if it does."""
        began = None
        for at, world in reversed(self.worlds):
            if not holds(world, day(at)):
                break
            began = at
        return began

    def ever(self, entity: str, holds: Holds, *systems: str, **said: object) -> list[float]:
        """When each record that says this, or said so before it was deleted, first did what is asked."""
        found: dict[Key, float] = {}
        for at, world in self.worlds:
            for record in world.all(entity, *systems, **said):
                if holds(record):
                    found.setdefault(record.key, at)
        return list(found.values())


def day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


class Answer(NamedTuple):
    in_order: bool
    trigger: float | None = None
    """Since when it is demanded, where that is not when it came to be demanded: another one demands anew."""


class Kind(NamedTuple):
    subject: tuple[tuple[str, str], ...]
    """(system, entity)."""
    clock: str
    judge: Callable[[Past, Record], Answer | None]
    """None: nothing is demanded."""


def pasts(story: Sequence[Change], ends: float) -> Iterator[Past]:
    first = min(one.at for one in story)
    days = range(int(first // DAY) + 1, int(ends // DAY) + 1)
    worlds: list[tuple[float, World]] = []
    for at in sorted({one.at for one in story} | {d * DAY for d in days}):
        worlds.append((at, World(story, at)))
        yield Past(story, worlds[:])


Said = dict[tuple[str, Key], list[Drift]]


def theirs(story: Sequence[Change], kinds: Mapping[str, Kind], sla: float, ends: float) -> Said:
    found: Said = {}
    looked = list(pasts(story, ends))
    for name, kind in kinds.items():
        for key in {(c.system, c.entity, c.native_id) for c in story if (c.system, c.entity) in kind.subject}:
            if spans := drifts(kind.clock, list(answers_of(kind, key, looked)), sla, ends):
                found[name, key] = spans
    return found


def answers_of(kind: Kind, key: Key, looked: Sequence[Past]) -> Iterator[tuple[float, Answer | None]]:
    """What is so of one customer begins anew at another."""
    whose = None
    for past in looked:
        record = past.now.get(key)
        before, whose = whose, past.account(record) if record else None
        if kind.clock in ("grace", "instant") and before not in (None, whose):
            yield past.at, None
        yield past.at, kind.judge(past, record) if record else None


def drifts(clock: str, answers: Sequence[tuple[float, Answer | None]], sla: float, ends: float) -> list[Drift]:
    if clock == "since":
        return since_triggers(answers, sla, ends)
    plain: list[Look] = [(at, answer.in_order if answer else None) for at, answer in answers]
    if clock == "deadline":
        return deadline(plain, sla, ends)
    return grace(plain, sla if clock == "grace" else 0, ends)


def since_triggers(answers: Iterable[tuple[float, Answer | None]], sla: float, ends: float) -> list[Drift]:
    """As `deadline`, counted from triggers; what was done and is lost again has as long again."""
    found: list[Drift] = []
    asked: float | None = None
    due: float | None = None
    opened: float | None = None
    looks = list(answers)
    for n, (at, answer) in enumerate(looks):
        until = looks[n + 1][0] if n + 1 < len(looks) else ends + 1
        if opened is not None and (answer is None or answer.in_order or answer.trigger != asked):
            found.append((opened, at))
            opened = None
        if answer is None:
            asked = due = None
            continue
        if answer.trigger != asked:
            asked, due = answer.trigger, round((answer.trigger or 0) + sla, 6)
        elif not answer.in_order and due is None and opened is None:
            due = round(at + sla, 6)
        if due is not None and due < until and due <= ends:
            opened, due = (None if answer.in_order else max(due, at)), None
    return found + ([(opened, None)] if opened is not None else [])
