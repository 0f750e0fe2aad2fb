"""The score of a run: what was found against what was there, and whether the run proves enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from streams.demo.flaws import AUTOMATIC, SOURCE_STALE
from streams.demo.matching import Seen, by_subject, flat, match
from streams.demo.measures import Seconds, spread, unknown_excess_seconds
from streams.demo.scenario import CLEAN_FOR_EACH_FAULTY, Plan
from streams.demo.truth import ExpectedDrift, Outage

FAULTS_OF_EACH_KIND = 5
COUNTS = ("injected", "detected", "missed", "false", "corrected")


@dataclass(frozen=True)
class Score:
    """The result of a run. `counts`: name of COUNTS -> kind -> number; `differences` and `shortfalls` are in words."""

    seed: int
    events: int
    counts: Mapping[str, Mapping[str, int]]
    near_misses: Mapping[str, int]
    clean_customers: int
    unresolved: int
    detection: Seconds
    """From when a drift became decidable (deadline plus verdict horizon) to its open record."""
    detection_raw: Seconds
    """The same from the deadline itself."""
    unknown_excess: Seconds
    beside: Mapping[str, int]
    """Kinds that were judged and not injected, so that nobody knows their truth: drifts seen. Out of the score."""
    not_judged: tuple[str, ...]
    """Kinds that look at what no system of the demo has."""
    differences: tuple[str, ...]
    shortfalls: tuple[str, ...]

    def total(self, name: str) -> int:
        return sum(self.counts[name].values())

    @property
    def passed(self) -> bool:
        return not (self.total("missed") or self.total("false") or self.shortfalls)


def score(
    plan: Plan,
    expected: Sequence[ExpectedDrift],
    drifts: Iterable[Seen],
    settled: Iterable[Seen],
    horizon_seconds: Mapping[str, float],
    outages: Sequence[Outage] = (),
    events: int | None = None,
    beside: Iterable[str] = (),
    not_judged: Iterable[str] = (),
) -> Score:
    """Compares the truth with every record ever read of q2c.drifts (`drifts`) and q2c.audit (`settled`), each in the
    order of its topic. `horizon_seconds`: kind -> verdict horizon of its slowest system; `beside`: kinds that are
    judged though nobody knows their truth."""
    everything, unknown = by_subject(drifts), frozenset(beside)
    observed = {subject: found for subject, found in everything.items() if subject[0] not in unknown}
    matching = match(expected, observed)
    found = [pair.truth for pair in matching.detected]
    corrected = [pair for pair in matching.detected if pair.found.last.get("how") == "corrected"]
    sides = {
        "injected": Counter(drift.kind for drift in expected if drift.certain or drift in found),
        "detected": Counter(pair.truth.kind for pair in matching.detected),
        "missed": Counter(drift.kind for drift in matching.missed),
        "false": Counter(found.kind for found in matching.false),
        "corrected": Counter(pair.truth.kind for pair in corrected),
    }
    near, clean = _true_near_misses(plan, expected), len(plan.clean - {drift.customer for drift in expected})
    delays = [(pair.truth.kind, pair.delay_seconds) for pair in matching.detected]
    answers = [(seen.at, seen.record) for seen in settled if seen.record is not None]
    return Score(
        seed=plan.seed,
        events=plan.events if events is None else events,
        counts=_by_kind(plan, sides),
        near_misses=near,
        clean_customers=clean,
        unresolved=sum(1 for f in flat(observed) if f.kind in AUTOMATIC and f.last["status"] == "open"),
        detection=spread(max(0.0, delay - horizon_seconds.get(kind, 0)) for kind, delay in delays),
        detection_raw=spread(delay for _, delay in delays),
        unknown_excess=spread(unknown_excess_seconds(answers, horizon_seconds, outages)),
        beside={kind: sum(found.kind == kind for found in flat(everything)) for kind in sorted(unknown)},
        not_judged=tuple(not_judged),
        differences=tuple(matching.differences),
        shortfalls=tuple(_shortfalls(plan, sides["injected"], near, clean)),
    )


def _by_kind(plan: Plan, sides: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    kinds = sorted(plan.story.injected.union(*sides.values()))
    return {name: {kind: side[kind] for kind in kinds} for name, side in sides.items()}


def _true_near_misses(plan: Plan, expected: Iterable[ExpectedDrift]) -> Counter[str]:
    """Near misses that stayed what they were meant to be."""
    drifted = {(drift.customer, drift.kind) for drift in expected}
    return Counter(flaw.kind for c, flaw in plan.near_misses.items() if (c, flaw.kind) not in drifted)


def _shortfalls(plan: Plan, injected: Counter[str], near: Counter[str], clean: int) -> Iterator[str]:
    """Why the run proves too little, if it does."""
    for kind in sorted(plan.story.injected):
        if injected[kind] < FAULTS_OF_EACH_KIND:
            yield f"only {injected[kind]} of {kind} were injected, at least {FAULTS_OF_EACH_KIND} are needed"
        if not near[kind]:
            yield f"no near miss of {kind} was injected"
    for kind in sorted(plan.story.once):
        if not injected[kind]:
            yield "no source was paused beyond its limit" if kind == SOURCE_STALE else f"no {kind} was injected"
    wanted = CLEAN_FOR_EACH_FAULTY * plan.causes
    if clean < wanted:
        yield f"{clean} clean customers beside {plan.causes} faults, at least {wanted} are needed"
