"""Which finding belongs to which true drift, and in what the two differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.instants import SECOND, Instant, from_datetime
from streams.demo.measures import as_instant
from streams.demo.truth import EvidenceVersions, ExpectedDrift

DriftRecord = Mapping[str, Any]
Subject = tuple[str, str, str, str]
"""kind, system, entity, native id"""


class Seen(NamedTuple):
    """A record of q2c.drifts or q2c.audit as read: broker time (microseconds) and value (None: tombstone)."""

    at: Instant
    record: DriftRecord | None


class Observed(NamedTuple):
    """One drift over its life: its first open record, its last, and when the broker got the first."""

    first: DriftRecord
    last: DriftRecord
    seen_at: Instant

    @property
    def kind(self) -> str:
        return str(self.first["kind"])


class Pair(NamedTuple):
    """A true drift and its finding."""

    truth: ExpectedDrift
    found: Observed

    @property
    def delay_seconds(self) -> float:
        """From the violation to the broker's time of the open record."""
        return (self.found.seen_at - self.truth.opened_at) / SECOND


class Matching(NamedTuple):
    """A finding with the right subject and wrong particulars is both missed and false; `differences` says why."""

    detected: list[Pair]
    missed: list[ExpectedDrift]
    false: list[Observed]
    differences: list[str]


def by_subject(seen: Iterable[Seen]) -> dict[Subject, list[Observed]]:
    """Every drift that was ever open, by kind and subject, in the order in which they opened."""
    lives: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        if each.record is not None and each.record["status"] != "baseline":
            lives[each.record["drift_id"]].append(each)
    found: dict[Subject, list[Observed]] = defaultdict(list)
    for life in lives.values():
        first, last = life[0].record, _stays(life).record
        assert first is not None and last is not None, "tombstones were left out"  # noqa: PT018
        found[first["kind"], first["system"], first["entity"], first["native_id"]].append(
            Observed(first, last, life[0].at)
        )
    for group in found.values():
        group.sort(key=lambda each: as_instant(each.first["opened_at"]))
    return found


def _stays(life: Sequence[Seen]) -> Seen:
    """The last word on it: of its latest life, for where it moved to another customer it goes on there; and who tells
    of the one may be behind who tells of the other."""
    stayed = [each for each in life if each.record and each.record.get("how") != "moved"]
    begun = [as_instant((each.record or {})["opened_at"]) for each in stayed]
    return [each for each, at in zip(stayed, begun, strict=True) if at == max(begun)][-1] if stayed else life[-1]


def flat(observed: Mapping[Subject, list[Observed]]) -> Iterator[Observed]:
    return (each for group in observed.values() for each in group)


def match(expected: Iterable[ExpectedDrift], observed: Mapping[Subject, Sequence[Observed]]) -> Matching:
    """Pairs truth and finding by kind and subject, in order of opening."""
    left = {subject: list(group) for subject, group in observed.items()}
    result = Matching([], [], [], [])
    for truth in sorted(expected, key=lambda drift: drift.opened_at):
        subject = (truth.kind, truth.system, truth.entity, truth.native_id)
        found = left[subject].pop(0) if left.get(subject) else None
        if found is None and not truth.certain:
            continue
        wrong = list(_differences(truth, found)) if found else ["missed"]
        if found and not wrong:
            result.detected.append(Pair(truth, found))
            continue
        result.missed.append(truth)
        result.false.extend([found] if found else [])
        result.differences.append(f"{_name(subject)}: {'; '.join(wrong)}")
    for subject, group in left.items():
        result.false.extend(group)
        result.differences.extend(f"{_name(subject)}: false; {each.first.get('observed', '')}" for each in group)
    return result


def _name(subject: Subject) -> str:
    kind, system, entity, native_id = subject
    return f"{kind} of {system}/{entity}/{native_id}"


def _differences(truth: ExpectedDrift, found: Observed) -> Iterator[str]:
    """What the first open record says otherwise than the truth, in words."""
    record = found.first
    money = record.get("amount_at_stake")
    pairs = (
        ("amount", truth.amount, Decimal(money["amount"]) if money else None),
        ("currency", truth.currency, money["currency"] if money else None),
        ("owner system", truth.owner_system, record["owner_system"]),
        ("owner team", truth.owner_team, record["owner_team"]),
        ("evidence", _spelled_alike(truth.evidence), _spelled_alike(_evidence(record))),
    )
    for what, wanted, got in pairs:
        if wanted != got:
            yield f"{what} is {got}, not {wanted}"
    if found.last.get("how") == "retracted":
        yield "was retracted though true"
    ended = found.last.get("how") or found.last["status"]
    if truth.ended and ended not in truth.ended:
        yield f"is {ended} in the end, not {' or '.join(truth.ended)}"
    if truth.not_before is not None and (closed_at := found.last.get("closed_at")) is not None:
        earliest = truth.not_before - truth.not_before % SECOND  # a CRM stamps whole seconds
        if as_instant(closed_at) < earliest:
            yield "was corrected while it was not certain who the customer is"


def _evidence(record: DriftRecord) -> EvidenceVersions:
    return {(e["system"], e["entity"], e["native_id"]): e["native_version"] for e in record["evidence"]}


def _spelled_alike(evidence: EvidenceVersions) -> EvidenceVersions:
    """Versions that are times as microseconds: Salesforce writes +0000 where others write Z."""
    return {name: _plain_version(version) for name, version in evidence.items()}


def _plain_version(version: str) -> str:
    try:
        return version if version.isdigit() else str(from_datetime(datetime.fromisoformat(version)))
    except ValueError:
        return version
