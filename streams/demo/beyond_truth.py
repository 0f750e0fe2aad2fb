"""What must have been raised about the pipeline itself, and how those drifts must have ended that hang together.

Drifts of the fleet have no evidence and no amount: they are about a source, a letter, a command, or a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from schemas import ids
from schemas.instants import NEVER, Instant, seconds
from schemas.topics import partition_for
from streams.demo.beyond import (
    BREAKER,
    DEAD_LETTERED,
    HELD,
    IDENTITY_CONFLICT,
    INEFFECTIVE,
    MASS_DRIFT,
    SOURCE_GAP,
)
from streams.demo.claims.identities import identity_conflict
from streams.demo.claims.model import ends_at, times
from streams.demo.flaws import WRITEBACK_MISSING
from streams.demo.journal import DRIFTWISE, Entry, History, Record, histories
from streams.demo.references import REFERENCES
from streams.demo.scenario import Plan
from streams.demo.truth import ExpectedDrift
from streams.demo.unreadable import RECORD

PLATFORM, INTEGRATION = "platform-engineering", "integration"
_PUT_RIGHT = ("corrected", "self_healed")
_TWICE = 2
"""So many may be counted once more: a drift that moves to another customer is new there."""
_UNTOLD = seconds(3.0)
"""What opens so late in a window may be decided together with what opens in the next, which is counted from there."""


class Letter(NamedTuple):
    """A dead letter as the operators met it; by the wall clock."""

    letter_id: str
    system: str
    native_id: str
    written_at: Instant
    dismissed_at: Instant | None = None


class Gap(NamedTuple):
    system: str
    at: Instant


class Answer(NamedTuple):
    """What the CRM answered when driftwise wrote to it; by the wall clock."""

    at: Instant
    refused: bool


class Breaker(NamedTuple):
    """As governed: after how many refusals in a row corrections stop, and for how long."""

    refusals: int
    lasts: Instant


class Mass(NamedTuple):
    """As governed: when many at once are one drift more."""

    window: Instant
    customers: int
    partitions: int


class Happened(NamedTuple):
    """What befell the pipeline, as those know who did it."""

    letters: Sequence[Letter] = ()
    gaps: Sequence[Gap] = ()
    answers: Sequence[Answer] = ()


def drifts_beyond(
    plan: Plan,
    journal: Iterable[Entry],
    drifts: Sequence[ExpectedDrift],
    slas: Mapping[str, float],
    happened: Happened,
    mass: Mass,
    until: Instant,
    breaker: Breaker | None = None,
) -> list[ExpectedDrift]:
    """`drifts`, of which those are told how they must have ended that wait for one another, and the drifts of the
    pipeline that opened at or before `until`."""
    known = {history.customer: history for history in histories(journal)}
    told = [*_with_ends(plan, known, drifts)]
    found: list[ExpectedDrift] = []
    if DEAD_LETTERED in slas:
        found += _dead_lettered(plan, known, slas[DEAD_LETTERED], happened.letters)
    if INEFFECTIVE in slas:
        found += _ineffective(plan, known, told, slas[INEFFECTIVE])
    if SOURCE_GAP in plan.story.kinds:
        found += [_of_the_fleet(SOURCE_GAP, (g.system, "source", "*"), g.at, ("self_healed",)) for g in happened.gaps]
    if MASS_DRIFT in plan.story.kinds:
        found += _massive(known, told, mass, until)
    if breaker is not None and BREAKER in plan.story.kinds:
        found += _broken(happened.answers, breaker, until)
    return sorted([*told, *(d for d in found if d.opened_at <= until)], key=lambda drift: drift.opened_at)


def _of_the_fleet(
    kind: str,
    subject: tuple[str, str, str],
    opened_at: Instant,
    ended: tuple[str, ...],
    team: str = PLATFORM,
    customer: int | None = None,
) -> ExpectedDrift:
    return ExpectedDrift(
        kind, *subject, opened_at, None, None, subject[0], team, {}, planned=True, customer=customer, ended=ended
    )


def _with_ends(plan: Plan, known: Mapping[int, History], drifts: Iterable[ExpectedDrift]) -> Iterator[ExpectedDrift]:
    """A conflict stands until the links are right; what falls due meanwhile is put right afterwards, and not before."""
    for drift in drifts:
        flaw = plan.faults.get(drift.customer or 0)
        held = flaw is not None and (flaw.kind, flaw.where) == (IDENTITY_CONFLICT, HELD)
        if drift.customer is None or drift.kind != WRITEBACK_MISSING or not held:
            yield drift
            continue
        ends = _conflict_ends(known[drift.customer], drift.opened_at)
        yield drift._replace(ended=_PUT_RIGHT, not_before=ends)


def _conflict_ends(history: History, at: Instant) -> Instant | None:
    """Of one that stands then."""
    standing = (claim for claim in identity_conflict(history) if claim.wrong(at))
    return next((ends_at(claim, times(history), at) for claim in standing), None)


def _dead_lettered(
    plan: Plan, known: Mapping[int, History], sla_seconds: float, letters: Iterable[Letter]
) -> Iterator[ExpectedDrift]:
    """One for each financial document that nobody could read, and that nobody dealt with in time."""
    written = {(letter.system, letter.native_id): letter for letter in letters}
    for customer, flaw in (*plan.faults.items(), *plan.near_misses.items()):
        native_id = str(plan.written(f"{customer}/{RECORD}", "id"))
        if flaw.kind != DEAD_LETTERED or flaw.within_tolerance or customer not in known:
            continue
        row = known[customer].find("billing", "credit_memo", native_id)
        if row is None:
            continue
        letter = written.get(("billing", native_id)) or Letter(f"of {native_id}", "billing", native_id, row.times[0])
        due = letter.written_at + seconds(sla_seconds)
        if letter.dismissed_at is None or letter.dismissed_at > due:
            ended = ("open",) if letter.dismissed_at is None else ("accepted",)
            subject = ("billing", "dead_letter", letter.letter_id)
            yield _of_the_fleet(DEAD_LETTERED, subject, due, ended, customer=customer)


def _ineffective(
    plan: Plan, known: Mapping[int, History], drifts: Iterable[ExpectedDrift], sla_seconds: float
) -> Iterator[ExpectedDrift]:
    """One for each write of driftwise's that left the account as it was, and that nobody made good in time."""
    flawed = {c: f for c, f in (*plan.faults.items(), *plan.near_misses.items()) if f.kind == INEFFECTIVE}
    for drift in drifts:
        flaw = flawed.get(drift.customer or 0)
        if drift.customer is None or flaw is None or drift.kind != WRITEBACK_MISSING or drift.system != flaw.where:
            continue
        (account,) = known[drift.customer].records("crm", "customer")
        performed = [version.at for version in account.versions if version.by == DRIFTWISE]
        mended = _named_at(account, REFERENCES[drift.system])
        due = max(performed, default=drift.opened_at) + seconds(sla_seconds)
        if mended is None or mended > due:
            ended = _PUT_RIGHT if mended else ("open",)
            subject = (drift.system, drift.entity, drift.native_id)
            yield _of_the_fleet(INEFFECTIVE, subject, due, ended, INTEGRATION, drift.customer)


def _named_at(account: Record, column: str) -> Instant | None:
    return account.first_time(lambda values: values.get(column) is not None)


def _broken(answers: Iterable[Answer], rules: Breaker, until: Instant) -> Iterator[ExpectedDrift]:
    """Where so many writes were refused in a row: of the kind that they were of, and of the CRM, to which none of
    another kind goes. It ends by itself; then one refusal is enough, unless a write was saved before it."""
    in_a_row, open_until = 0, NEVER
    for answer in sorted(answers):
        if answer.at < open_until:
            continue
        in_a_row = in_a_row + 1 if answer.refused else 0
        if in_a_row < rules.refusals:
            continue
        in_a_row, open_until = rules.refusals - 1, answer.at + rules.lasts
        ended = ("expired",) if open_until + rules.lasts < until else ()
        for system, what in (("driftwise", f"kind/{WRITEBACK_MISSING}"), ("crm", "system/crm")):
            yield _of_the_fleet(BREAKER, (system, "breaker", what), answer.at, ended, INTEGRATION)


def _massive(
    known: Mapping[int, History], drifts: Iterable[ExpectedDrift], mass: Mass, until: Instant
) -> Iterator[ExpectedDrift]:
    """Where so many customers newly drift in one kind within a window: one drift for windows that follow each other,
    and perhaps one more, for it ends by the clock, whether or not the verdicts of the next window are given by then."""
    for kind, windows in _crowded(drifts, mass).items():
        spells: list[list[Instant]] = []
        for window in sorted(windows):
            follows = bool(spells) and window <= spells[-1][-1] + 2 * mass.window
            spells = [*spells[:-1], [*spells[-1], window]] if follows else [*spells, [window]]
        for spell in spells:
            certain = any(
                _told(known, _early(windows[window], window, mass), mass) >= mass.customers for window in spell
            )
            for number, window in enumerate(spell):
                opened_at = sorted(drift.opened_at for drift in windows[window])[mass.customers - _TWICE - 1]
                ended = ("self_healed",) if window + 3 * mass.window < until else ()
                massive = _of_the_fleet(MASS_DRIFT, ("driftwise", "kind", kind), opened_at, ended)
                yield massive._replace(certain=certain and not number)


def _crowded(drifts: Iterable[ExpectedDrift], mass: Mass) -> dict[str, dict[Instant, list[ExpectedDrift]]]:
    """Kind -> window -> what opened in it, where that may have been as many as it takes."""
    opened: dict[tuple[str, Instant], list[ExpectedDrift]] = defaultdict(list)
    for drift in drifts:
        if drift.customer is not None:
            opened[drift.kind, drift.opened_at - drift.opened_at % mass.window].append(drift)
    found: dict[str, dict[Instant, list[ExpectedDrift]]] = defaultdict(dict)
    for (kind, window), drifting in opened.items():
        if len(drifting) >= mass.customers - _TWICE:
            found[kind][window] = drifting
    return found


def _early(drifting: Iterable[ExpectedDrift], window: Instant, mass: Mass) -> Iterator[ExpectedDrift]:
    return (drift for drift in drifting if drift.opened_at < window + mass.window - _UNTOLD)


def _told(known: Mapping[int, History], drifting: Iterable[ExpectedDrift], mass: Mass) -> int:
    """Of so many customers the fleet certainly hears: a partition says nothing of half its share or less."""
    share: dict[int, int] = defaultdict(int)
    for customer in {drift.customer for drift in drifting if drift.customer is not None}:
        (account, *_) = known[customer].records("crm", "customer")
        share[partition_for(ids.canonical_id("crm", account.native_id), mass.partitions)] += 1
    return sum(number for number in share.values() if number >= mass.customers / mass.partitions / 2)
