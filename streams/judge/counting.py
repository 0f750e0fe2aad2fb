"""The clock of an obligation: deadline, grace and hold-down, by the rules of the customer's segment and the calendar of
its legal entity, as of the instant judged."""

from __future__ import annotations

from functools import partial

from schemas.instants import NEVER, Instant, seconds
from streams.governance.model import Governance
from streams.governance.model import Kind as Rules
from streams.judge.closing import closes
from streams.judge.gates import needed
from streams.judge.obligation import Clock, Ends
from streams.kinds.asof import AsOf
from streams.kinds.standing import is_in_periods
from streams.kinds.table import Kind


def clock_of(now: AsOf, kind: Kind, system: str, native_id: str | None = None, *, new_rules: bool = False) -> Clock:
    """The clock. `native_id`: of the subject; needed if it may be ignored, or belong to an accounting period.
    `new_rules`: the rules are not those by which it was judged last."""
    fixed = _fixed(now.governance, kind, system)
    if fixed is not None:
        return Clock(*fixed, new_rules=new_rules)
    rules, ends, skew = now.rules(kind.name), _business_days(now, kind), _skew(now.governance, kind, system)
    sla = (0 if ends else rules.sla) + skew
    ignored = NEVER if native_id is None else _ignored_until(now, kind, system, native_id)
    go_live, hold_down = now.governance.go_live, seconds(rules.hold_down_seconds)
    closing = None if native_id is None else closes(now, kind, system, native_id, skew)
    return Clock(kind.clock, sla, hold_down, go_live, ends, ignored, new_rules, closing)


def _fixed(governance: Governance, kind: Kind, system: str) -> tuple[str, Instant, Instant, Instant] | None:
    """The parts of a clock that is the same for all customers and days; None: segments, calendars or ignore rules vary
    it.
    """
    key = (_fixed, kind.row, system)
    if key not in governance.derived:
        rules = governance.kinds[kind.name]
        by_calendar = rules.counts_business_days or is_in_periods(governance, kind)
        varies = rules.segments or by_calendar or any(governance.ignoring(kind.name))
        sla = rules.sla + _skew(governance, kind, system)
        known = (kind.clock, sla, seconds(rules.hold_down_seconds), governance.go_live)
        governance.derived[key] = None if varies else known
    found: tuple[str, Instant, Instant, Instant] | None = governance.derived[key]
    return found


def _ignored_until(now: AsOf, kind: Kind, system: str, native_id: str) -> Instant:
    covering = (r.until for r in now.governance.ignoring(kind.name) if r.covers(now.customer, system, native_id))
    return max(covering, default=NEVER)


def _business_days(now: AsOf, kind: Kind) -> Ends | None:
    rules: Rules = now.rules(kind.name)
    return partial(now.calendar.after_business_days, days=rules.sla_business_days) if rules.sla_business_days else None


def _skew(governance: Governance, kind: Kind, system: str) -> Instant:
    """By how much the clocks of the systems involved may differ: added to every deadline."""
    known: Instant | None = governance.derived.get((_skew, kind.row, system))
    if known is None:
        known = governance.skew(tuple({s for s, _ in needed(governance, kind, system)}))
        governance.derived[_skew, kind.row, system] = known
    return known
