"""What becomes of an obligation when other rules come into force.

- An armed deadline keeps the rules under which it was armed until it is settled: deadline, tolerance, severity. Owner
  and mode are always those in force at the instant.
- A running grace ends as if it had always been as long as the rules in force say.
- Everything else is judged by the rules in force."""

from __future__ import annotations

from typing import Any

import orjson

from streams.governance.kind import Kind as Rules
from streams.governance.kind import Segment
from streams.governance.model import Governance
from streams.judge.counting import clock_of
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation
from streams.kinds.asof import AsOf
from streams.kinds.table import Kind
from tables.view import Workspace

_AT_THE_INSTANT = ("mode", "owner_team")
"""Rules that are never kept."""


def carry_over(
    ws: Workspace, before: Governance, after: Governance, kind: Kind, key: ObligationKey, o: Obligation
) -> Obligation:
    """The obligation as it goes on, if by its next instant `after` has replaced `before`."""
    if o.status != "armed" or before is after:
        return o
    if kind.clock == "grace":
        return _with_new_grace(ws, before, after, kind, key, o)
    if o.kept is None and _stated(before, kind) != _stated(after, kind):
        return o._replace(kept=_stated(before, kind))
    return o


def under(governance: Governance, kind: Kind, kept: dict[str, Any] | None) -> Governance:
    """The governance, with the rules that an obligation of this kind has kept."""
    if kept is None:
        return governance
    key = (under, kind.name, orjson.dumps(kept))
    known: Governance | None = governance.derived.get(key)
    if known is None:
        rules = _merged(Rules.model_validate(kept), governance.kinds[kind.name])
        known = governance.model_copy(update={"kinds": {**governance.kinds, kind.name: rules}})
        governance.derived[key] = known
    return known


def _stated(governance: Governance, kind: Kind) -> dict[str, Any]:
    return governance.kinds[kind.name].model_dump(mode="json", exclude_defaults=True)


def _merged(kept: Rules, present: Rules) -> Rules:
    segments = {
        name: segment.model_copy(update={"mode": present.segments.get(name, _NOTHING).mode})
        for name, segment in kept.segments.items()
    }
    at_the_instant = {name: getattr(present, name) for name in _AT_THE_INSTANT}
    return kept.model_copy(update={**at_the_instant, "segments": segments})


_NOTHING = Segment()


def _with_new_grace(
    ws: Workspace, before: Governance, after: Governance, kind: Kind, key: ObligationKey, o: Obligation
) -> Obligation:
    assert o.due is not None
    assert o.trigger is not None
    old, new = (clock_of(AsOf(ws, g, key.customer, o.next), kind, key.system) for g in (before, after))
    # It may run from later than its trigger: a record is heard of at a customer once it is linked.
    return o._replace(due=o.due + new.due(o.trigger.at) - old.due(o.trigger.at))
