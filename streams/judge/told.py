"""What the audit was told of triggers that demand nothing any more.

Late evidence has a mismatch judged once more that began and ended before: the audit is told again only what is new, and
which result that takes the place of. An obligation keeps its trigger while that is demanded, and one with a deadline
until another takes its place or none; from then on it is kept here for as long as late evidence may come.

How long that is hangs on how far sources have been heard, and so on where commits fell. So without late evidence, as
where a record came back from another customer, what is kept counts by event time only: for as long as every commit has
it, wherever it fell. As late evidence comes, what no frontier of before has taken counts, up to what had been judged by
then; behind that it counts by event time again."""

from __future__ import annotations

from collections.abc import Callable

from schemas.instants import ALWAYS, NEVER, Instant, seconds
from streams.governance.model import Governance
from streams.judge.obligation import LOST, Obligation, Told, Transition
from tables.view import Value

KEPT = 16
"""The newest of an obligation that flaps."""
_OF_MEMORY = frozenset({"next", "settled", "unchanged_since", "told", "recalled", "recalled_until", "again_from"})
"""What an obligation holds that is kept for nothing else."""


def of(governance: Governance, o: Obligation, transition: Transition) -> Told | None:
    told = next((told for told in o.told if told.version == transition.trigger.version), None)
    if told is None or transition.at <= o.recalled_until:
        return told
    return told if transition.at < told.at + seconds(governance.late_retention_seconds) else None


def with_told(o: Obligation, transition: Transition, result: str) -> Obligation:
    """What is still demanded is not remembered so: it will be told how that ends."""
    if transition.trigger == o.trigger:
        return o
    return _with(o, Told(transition.trigger.version, transition.trigger.at, result, transition.at))


def left_behind(before: Obligation, after: Obligation) -> Obligation:
    """Nothing is told of a trigger that was met, or whose drift had closed, when another takes its place or none."""
    trigger = before.trigger
    if before.status not in ("met", "closed") or trigger is None or trigger == after.trigger:
        return after
    if before.elsewhere == trigger.version:
        return after  # it was told at another customer
    result = before.amends or ("met" if before.status == "met" else "late")
    return _with(after, Told(trigger.version, trigger.at, "baseline" if before.baseline else result, after.settled))


def _with(o: Obligation, told: Told) -> Obligation:
    others = [known for known in o.told if known.version != told.version]
    return o._replace(told=tuple(sorted([*others, told], key=lambda known: known.at)[-KEPT:]))


def looked_through_at(governance: Governance, o: Obligation, now: Instant) -> Instant:
    """When late evidence may reach none of it any more; where a source that lags still lets it, the same span later."""
    if not o.told:
        return ALWAYS
    span, newest = seconds(governance.late_retention_seconds), max(told.at for told in o.told)
    return newest + span if newest + span > now else now + span


def still_told(governance: Governance, o: Obligation, now: Instant, frontier: Callable[[], Instant]) -> Obligation:
    """Without what no late evidence reaches any more. The frontier costs more than most that is judged."""
    span = seconds(governance.late_retention_seconds)
    if not o.told or (span and now <= o.recalled_until) or max(told.at for told in o.told) + span > now:
        return o
    reached = frontier() if span else ALWAYS
    known = tuple(told for told in o.told if told.at >= reached)
    return o._replace(told=known, recalled_until=NEVER)


def again(value: Value, at: Instant, kept_from: Instant, until: Instant, *, clock: str) -> Value | None:
    """Of an obligation that is kept for this only, what is left where late evidence of an instant came: to be judged
    from there on, as if nothing were known. Of a mismatch, which is known by its beginning, from the beginning of what
    began before and ended after it; of what has a deadline, from when it was demanded, unless that may be folded
    already (`kept_from`). None: of a mismatch it may be, or is told and forgotten, or more is kept."""
    if "told" not in value or not is_of_memory(value):
        return None
    told = [Told(*each) for each in value["told"]]
    # Of a full memory: what ended before all that is in it may be forgotten.
    known_from = min(each.began for each in told) if len(told) == KEPT else NEVER
    begins = _demanded_since(told, at) if clock == "deadline" else _began(told, at)
    if begins < max(min(at, kept_from), known_from):
        if clock != "deadline":
            return None
        begins = at
    known: Value = {name: value[name] for name in ("told", "recalled", "recalled_until") if name in value}
    return recalled({**known, "next": min(begins, value["next"]) if is_anew(value) else begins}, until)


def _began(told: list[Told], at: Instant) -> Instant:
    return min([at, *(each.began for each in told if each.at >= at)])


def _demanded_since(told: list[Told], at: Instant) -> Instant:
    """By then it may have been met, and have lost what answered it, which demands it anew: that hangs on all that was
    since the fact that demanded it first."""
    return max((each.began for each in told if each.began <= at and not each.version.startswith(LOST)), default=at)


def recalled(value: Value, until: Instant) -> Value:
    """Late evidence has it judged again up to this instant: whatever is kept counts."""
    if "told" not in value:
        return value
    return {**value, "recalled_until": max(until, value.get("recalled_until", NEVER))}


def remembered(value: Value, kept_from: Instant) -> Value:
    """Without what ended before: it may be forgotten by now, or not yet, as commits fall."""
    if "told" not in value or kept_from == ALWAYS:
        return value
    known = [told for told in value["told"] if Told(*told).at >= kept_from]
    return {name: held for name, held in value.items() if name != "told"} | ({"told": known} if known else {})


def is_of_memory(value: Value) -> bool:
    """Nothing else is known of it."""
    return value.keys() <= _OF_MEMORY


def is_over(value: Value) -> bool:
    """Nothing is demanded, and what was is told: judged again at its end only, that stays."""
    return "told" in value and value.get("status", "idle") in ("idle", "waiting")


def is_anew(value: Value) -> bool:
    """Late evidence has it judged anew, and that has not begun: more of it may come in the same commit."""
    return "told" in value and "settled" not in value
