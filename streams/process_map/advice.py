"""What is valid in a governance, and probably not meant."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant, iso
from streams.governance.model import Governance
from streams.governance.vocabulary import unknown_words
from streams.judge.horizon import horizon_seconds
from streams.kinds.table import KINDS, Kind
from streams.process_map.rows import not_observed
from streams.process_map.words import duration


def advice(governance: Governance, now: Instant, *, in_short: bool = False) -> list[str]:
    """Warnings, each with what to do. `in_short`: what kinds are not observed is one of them."""
    kinds = [kind for kind in KINDS if governance.wants(kind.name)]
    return [
        *_late(governance, kinds),
        *(_unobserved_in_short if in_short else _unobserved)(governance, kinds),
        *unknown_words(governance),
        *_unread(governance),
        *_expired(governance, now),
        *_periods_over(governance, now),
    ]


def _late(governance: Governance, kinds: list[Kind]) -> Iterator[str]:
    for kind in kinds:
        horizon, rules = horizon_seconds(governance, kind), governance.kinds[kind.name]
        spans = {"": rules} | {f" for {name}": rules.of_segment(name) for name in rules.segments}
        for whose, stated in spans.items():
            sla = stated.sla_seconds
            if not stated.sla_business_days and 0 < sla < horizon:
                text = f"deadline {duration(sla)}{whose}, but the earliest verdict comes {duration(horizon)} after it"
                yield f"kinds.yaml: {kind.row}: {text}: capture its slowest source faster, or promise less"


def _unobserved(governance: Governance, kinds: list[Kind]) -> Iterator[str]:
    for kind in kinds:
        if why := not_observed(governance, kind):
            yield f"kinds.yaml: {kind.row}: {why}: map it in mappings/SYSTEM.yaml, or take the kind off `judged`"


def _unobserved_in_short(governance: Governance, kinds: list[Kind]) -> Iterator[str]:
    if names := [kind.row for kind in kinds if not_observed(governance, kind)]:
        count = f"{len(names)} kinds are" if len(names) > 1 else "1 kind is"
        yield f"{count} not observed: {', '.join(names)}; --long says what of each is not captured, and what to do"


def _unread(governance: Governance) -> Iterator[str]:
    """Facts that a company decides by what it does not read: they hold of nothing, or have no day."""
    for system, objects in governance.mappings.items():
        for name, mapping in objects.items():
            for fact, trigger in mapping.triggers.items():
                by = [*trigger.when, *([trigger.dated_by] if trigger.dated_by else ())]
                for attribute in (a for a in by if a not in mapping.attributes):
                    text = f"rests on {attribute}, which {name} of {system} is not read for, so that is never stated"
                    yield f"triggers.yaml: {mapping.entity}.{fact}: {text}: map it in mappings/{system}.yaml"


def _expired(governance: Governance, now: Instant) -> Iterator[str]:
    for name, rule in governance.ignore.items():
        if rule.until <= now:
            yield f"ignore.yaml: {name}: expired {iso(rule.until)}: take it out, or have {rule.by} decide again"


def _periods_over(governance: Governance, now: Instant) -> Iterator[str]:
    for code, entity in governance.entities.items():
        last = max(entity.period_ends, default=None)
        if last and not entity.monthly_periods and last < governance.calendar(code).day_of(now):
            text = f"the last is over since {last}, so no close makes anything due any more"
            yield f"entities.yaml: {code}.period_ends: {text}: list those to come, or set monthly_periods: true"
