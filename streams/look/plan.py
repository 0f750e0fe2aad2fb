"""What other rules would make of the live state: what opens, what closes, what changes.

`compare` is pure. Both sides are judged in the same way from what is kept, so what differs comes of the rules alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from schemas.instants import Instant
from streams.canary import is_canary
from streams.governance.model import Governance
from streams.judge.keys import ObligationKey, is_obligation
from streams.kinds.table import KINDS, Kind, judged
from streams.look.baseline import Group, grouped
from streams.look.drifts import Drift, worst_first
from streams.look.standing import Standing, standing
from tables.view import MemoryView

ACTED_ON = ("status", "severity", "finance_impacting", "owner_team", "owner_system", "amount_at_stake", "mode")
"""Fields of a drift by which people and systems act on it; where one differs, it changes."""
WHAT = {"opens": "would open", "closes": "would close", "changes": "would change"}
NOT_JUDGED = Standing("not_judged")


class Change(NamedTuple):
    what: str
    """A key of WHAT."""
    before: str
    """A key of `streams.look.standing.OUTCOMES`."""
    after: str
    drift: Drift
    """The drift as it would be; if it would close, as it is."""
    fields: dict[str, tuple[Any, Any]]
    """If it would change: field -> (present, proposed)."""


class Plan(NamedTuple):
    changes: tuple[Change, ...]
    """First drifts that would open, then those that would close, then those that would change; worst first."""
    stays: int
    """Drifts that are listed under both, without difference."""
    unknown: int
    """Subjects of which one side cannot be told yet: they may still change."""
    subjects: int
    """How many were judged."""
    forgotten: int
    """Drifts open in the deployment that judging anew does not find: too much of their history has been folded."""

    def groups(self, what: str) -> tuple[Group, ...]:
        """The changes grouped by kind and owner, worst first."""
        return grouped([change.drift for change in self.changes if change.what == what])


def compare(
    views: Iterable[MemoryView],
    present: Governance,
    proposed: Governance,
    now: Instant,
    only: Collection[str] | None = None,
) -> Plan:
    """`views`: judge's state, shard by shard; `only`: names of the kinds worth comparing, None for all."""
    kinds = [kind for kind in KINDS if only is None or kind.name in only]
    found: list[Change] = []
    counted: Counter[str] = Counter()
    for view in views:
        open_ = {key for key, value in view.items() if _is_open(key, value)}
        for kind, key, began_at in _subjects(view, kinds, present, proposed):
            before, after = (_standing(view, g, kind, key, began_at, now) for g in (present, proposed))
            counted["subjects"] += 1
            counted["forgotten"] += key.text() in open_ and not before.is_listed
            change = _change(before, after)
            if change is not None:
                found.append(change)
            elif "unknown" in (before.outcome, after.outcome):
                counted["unknown"] += 1
            else:
                counted["stays"] += after.is_listed
    return Plan(_in_order(found), counted["stays"], counted["unknown"], counted["subjects"], counted["forgotten"])


def _is_open(key: str, value: dict[str, Any]) -> bool:
    return is_obligation(key) and not is_canary(key) and value.get("status") == "open"


def _subjects(
    view: MemoryView, kinds: Iterable[Kind], present: Governance, proposed: Governance
) -> Iterator[tuple[Kind, ObligationKey, Instant]]:
    """Every record that a kind is about by one of the two rules, and the oldest instant that is kept of it."""
    for text, record in view.items():
        if text.startswith("e/"):
            _, customer, entity, system, native_id = text.split("/", 4)
            for kind in kinds:
                if kind.entity == entity and any(_judges(g, kind, system) for g in (present, proposed)):
                    yield kind, ObligationKey(customer, kind.row, system, native_id), record["versions"][0]["at"]


def _standing(
    view: MemoryView, governance: Governance, kind: Kind, key: ObligationKey, began_at: Instant, now: Instant
) -> Standing:
    judges = _judges(governance, kind, key.system)
    return standing(view, governance, kind, key, began_at, now) if judges else NOT_JUDGED


def _judges(governance: Governance, kind: Kind, system: str) -> bool:
    at_home = any(system in governance.in_role(role) for role in kind.roles)
    return at_home and any(kind.row == other.row for other in judged(governance))


def _change(before: Standing, after: Standing) -> Change | None:
    if "unknown" in (before.outcome, after.outcome):
        return None
    if after.drift is None:
        return Change("closes", *_outcomes(before, after), before.drift, {}) if before.drift else None
    if before.drift is None:
        return Change("opens", *_outcomes(before, after), after.drift, {})
    pairs = {field: (before.drift[field], after.drift[field]) for field in ACTED_ON}
    fields = {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}
    return Change("changes", *_outcomes(before, after), after.drift, fields) if fields else None


def _outcomes(before: Standing, after: Standing) -> tuple[str, str]:
    return before.outcome, after.outcome


def _in_order(found: list[Change]) -> tuple[Change, ...]:
    rank = {id(drift): place for place, drift in enumerate(worst_first(change.drift for change in found))}
    order = list(WHAT)
    return tuple(sorted(found, key=lambda change: (order.index(change.what), rank[id(change.drift)])))
