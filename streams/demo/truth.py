"""The drifts that must have been raised, from what was really committed: also where a step slipped past its deadline
on a slow machine, and where a correction left something behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant, seconds
from streams.demo.agreement import Mismatch, difference, mismatches, present
from streams.demo.claims.model import Claim, ends_at, openings, times
from streams.demo.claims.standing import PASSING
from streams.demo.claims.table import CLAIMS, TEAMS, claims
from streams.demo.flaws import SOURCE_STALE, VALUE_MISMATCH
from streams.demo.journal import Entry, History, Record, histories
from streams.demo.obligations import OBLIGATIONS, OWNERS, Obligation, as_amount
from streams.demo.scenario import Plan

EvidenceVersions = Mapping[tuple[str, str, str], str]
"""(system, entity, native id) -> version as the source names it."""


class ExpectedDrift(NamedTuple):
    """A drift that really was; times are event times, `amount` is None where the kind has none."""

    kind: str
    system: str
    entity: str
    native_id: str
    opened_at: Instant
    amount: Decimal | None
    currency: str | None
    owner_system: str
    owner_team: str
    evidence: EvidenceVersions
    planned: bool
    customer: int | None = None
    ended: tuple[str, ...] = ()
    """How it may have ended by the end of the run, `open` where it must not have; empty: nobody asks."""
    not_before: Instant | None = None
    """And when at the earliest, where something kept its correction back."""
    certain: bool = True
    """It must be found; else it may."""


class Outage(NamedTuple):
    """A source that was not heard between two instants of the wall clock."""

    system: str
    begun_at: Instant
    ended_at: Instant


def expected_drifts(
    plan: Plan,
    journal: Iterable[Entry],
    slas: Mapping[str, float],
    until: Instant,
    outages: Iterable[Outage] = (),
    stale_after_seconds: float | None = None,
) -> list[ExpectedDrift]:
    """Every drift that opened at or before `until`, of the kinds that `slas` names.

    `slas`: kind -> seconds; `stale_after_seconds`: an outage longer than this is a source_stale of its system.
    `journal` holds what the companies wrote and, afterwards, what driftwise wrote (`Companies.foreign_entries`).
    """
    planned = plan.planned_drifts()
    found = [*_subject_drifts(journal, slas, planned, until), *_stale_sources(outages, stale_after_seconds)]
    return sorted((drift for drift in found if drift.opened_at <= until), key=lambda drift: drift.opened_at)


def last_deadline(journal: Iterable[Entry], slas: Mapping[str, float], now: Instant) -> Instant | None:
    """When the last obligation that has begun by `now` falls due, or the last grace ends; nothing more is to come
    after it unless something is written."""
    entries = list(journal)
    begun = (start for history in histories(entries) for start in _starts(history) if start[1] <= now)
    due = [at + seconds(slas[kind]) for kind, at in begun if kind in slas]
    # Claims are many: all that can come of the last change has come once the longest of them is over.
    longest = max((PASSING + seconds(slas[kind]) for kind in slas.keys() & CLAIMS), default=None)
    due += [entry.committed_at + longest for entry in entries if longest is not None]
    return max(due, default=None)


def _starts(history: History) -> Iterator[tuple[str, Instant]]:
    for obligation in _obligations(history):
        yield obligation.kind, obligation.triggered_at
    for mismatch in mismatches(history):
        yield VALUE_MISMATCH, mismatch.since


def _subject_drifts(
    journal: Iterable[Entry], slas: Mapping[str, float], planned: frozenset[tuple[int, str]], until: Instant
) -> Iterator[ExpectedDrift]:
    for history in histories(journal):
        for obligation in _obligations(history):
            due = _due(obligation, slas) if obligation.kind in slas else None
            if due is not None and not obligation.met(due):
                yield _missed(history, obligation, due, planned)
        yield from _claimed(history, slas, planned, until)
        for mismatch in mismatches(history) if VALUE_MISMATCH in slas else ():
            opened_at = mismatch.since + seconds(slas[VALUE_MISMATCH])
            if mismatch.until is None or mismatch.until > opened_at:
                yield _mismatched(history, mismatch, opened_at, planned)


def _claimed(
    history: History, slas: Mapping[str, float], planned: frozenset[tuple[int, str]], until: Instant
) -> Iterator[ExpectedDrift]:
    changes = times(history)
    for claim in claims(history, slas):
        for opened_at, wrong in openings(claim, changes, seconds(slas[claim.kind])):
            yield ExpectedDrift(
                claim.kind,
                *claim.subject.name,
                opened_at,
                wrong.amount,
                wrong.currency,
                wrong.owner,
                TEAMS[claim.kind],
                _versions(wrong.evidence, opened_at) if wrong.versioned else {r.name: "" for r in wrong.evidence},
                (history.customer, claim.kind) in planned,
                history.customer,
                _ended(claim, changes, opened_at, until),
            )


def _ended(claim: Claim, changes: Sequence[Instant], opened_at: Instant, until: Instant) -> tuple[str, ...]:
    """Driftwise corrects nothing of these: they end by what the companies do, or not at all. What is owed may also
    lapse, as a schedule does with the version that it was for."""
    at = ends_at(claim, changes, opened_at)
    if at is None:
        return ("open",)
    ending = (claim.ending,) if claim.since is None else (claim.ending, "withdrawn")
    return ending if at <= until else ()


def _versions(evidence: Iterable[Record], instant: Instant) -> dict[tuple[str, str, str], str]:
    found = {record.name: record.as_of(instant) for record in evidence}
    return {name: version.native_version for name, version in found.items() if version}


def _obligations(history: History) -> Iterator[Obligation]:
    for obligations in OBLIGATIONS:
        yield from obligations(history)


def _due(obligation: Obligation, slas: Mapping[str, float]) -> Instant:
    return obligation.triggered_at + seconds(slas[obligation.kind])


def _missed(
    history: History, obligation: Obligation, due: Instant, planned: frozenset[tuple[int, str]]
) -> ExpectedDrift:
    column = obligation.amount_column
    amount = as_amount(obligation.subject.value(column, due)) if column else None
    currency = str(obligation.subject.value(obligation.currency_column, due)) if column else None
    return _drift(history, obligation.kind, obligation.subject, due, amount, currency, obligation.evidence, planned)


def _mismatched(
    history: History, mismatch: Mismatch, opened_at: Instant, planned: frozenset[tuple[int, str]]
) -> ExpectedDrift:
    subject = mismatch.subscription
    there = present(mismatch.sides, opened_at)
    return _drift(
        history,
        VALUE_MISMATCH,
        subject,
        opened_at,
        difference(mismatch.sides, opened_at),
        str(subject.value("currency", opened_at)),
        tuple(side.record for side in there),
        planned,
    )


def _drift(
    history: History,
    kind: str,
    subject: Record,
    opened_at: Instant,
    amount: Decimal | None,
    currency: str | None,
    evidence: tuple[Record, ...],
    planned: frozenset[tuple[int, str]],
) -> ExpectedDrift:
    owner = OWNERS[kind]
    return ExpectedDrift(
        kind,
        *subject.name,
        opened_at,
        amount,
        currency,
        owner.system or subject.system,
        owner.team,
        _versions(evidence, opened_at),
        (history.customer, kind) in planned,
        history.customer,
    )


def _stale_sources(outages: Iterable[Outage], stale_after_seconds: float | None) -> Iterator[ExpectedDrift]:
    if stale_after_seconds is None:
        return
    limit, owner = seconds(stale_after_seconds), OWNERS[SOURCE_STALE]
    for outage in outages:
        if outage.ended_at - outage.begun_at > limit:
            opened_at = outage.begun_at + limit
            subject = (SOURCE_STALE, outage.system, "source", outage.system)
            yield ExpectedDrift(*subject, opened_at, None, None, owner.system or outage.system, owner.team, {}, True)
