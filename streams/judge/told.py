"""Results that the audit was told for triggers that demand nothing any more.

Late evidence may have a mismatch judged again that began and ended long ago. The audit is then told only what is new,
and which result it replaces. An obligation keeps its trigger while that is demanded, and one with a deadline until
another trigger takes its place. After that its result is kept here, for as long as late evidence may come.

How long that is depends on how far sources have been heard, and so on where commits fell. To give the same results
anyway:

- Without late evidence (a record came back from another customer, say) a result counts for a span of event time that
  every commit has kept it for.
- When late evidence comes, results count that were not behind the frontier by then, for instants that had been judged
  by then. For later instants the span of event time counts again."""

from __future__ import annotations

from collections.abc import Callable

from schemas.instants import ALWAYS, NEVER, Instant, seconds
from streams.governance.model import Governance
from streams.judge.obligation import LOST, Obligation, Told, Transition
from tables.view import Value

KEPT = 16
"""Most results of an obligation; the newest are kept."""
_OF_MEMORY = frozenset({"next", "settled", "unchanged_since", "told", "recalled", "recalled_until", "again_from"})
"""Fields of an obligation that is kept for these results alone."""


def of(governance: Governance, o: Obligation, transition: Transition) -> Told | None:
    told = next((told for told in o.told if told.version == transition.trigger.version), None)
    if told is None or transition.at <= o.recalled_until:
        return told
    return told if transition.at < told.at + seconds(governance.late_retention_seconds) else None


def with_told(o: Obligation, transition: Transition, result: str) -> Obligation:
    """Remember the result, unless the trigger is still demanded: its end will be told."""
    if transition.trigger == o.trigger:
        return o
    return _with(o, Told(transition.trigger.version, transition.trigger.at, result, transition.at))


def left_behind(before: Obligation, after: Obligation) -> Obligation:
    """Remember the result of a trigger that another one replaces, or none, after it was met or its drift had closed. No
    transition tells of that."""
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
    """When to look whether late evidence can still reach these results. If a lagging source lets it, one span later."""
    if not o.told:
        return ALWAYS
    span, newest = seconds(governance.late_retention_seconds), max(told.at for told in o.told)
    return newest + span if newest + span > now else now + span


def still_told(governance: Governance, o: Obligation, now: Instant, frontier: Callable[[], Instant]) -> Obligation:
    """The obligation without results that late evidence can no longer reach. `frontier` is asked only if needed: it
    costs more than most verdicts."""
    span = seconds(governance.late_retention_seconds)
    if not o.told or (span and now <= o.recalled_until) or max(told.at for told in o.told) + span > now:
        return o
    reached = frontier() if span else ALWAYS
    known = tuple(told for told in o.told if told.at >= reached)
    return o._replace(told=known, recalled_until=NEVER)


def again(value: Value, at: Instant, kept_from: Instant, until: Instant, *, clock: str) -> Value | None:
    """For an obligation that is kept for its results alone, after late evidence of an instant: the obligation to be
    judged again, as if nothing else were known.

    A mismatch is judged from the beginning of one that began before the instant and ended after it. A deadline is
    judged from when it was demanded, or from the instant if earlier history may be folded (`kept_from`). None: more is
    kept of the obligation, or the beginning of a mismatch may be folded or its result forgotten."""
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
    """The fact that demanded it first. It may have been met since and have lost its answer, which depends on everything
    since that fact."""
    return max((each.began for each in told if each.began <= at and not each.version.startswith(LOST)), default=at)


def recalled(value: Value, until: Instant) -> Value:
    """Late evidence has it judged again up to this instant, so all results that are kept count."""
    if "told" not in value:
        return value
    return {**value, "recalled_until": max(until, value.get("recalled_until", NEVER))}


def remembered(value: Value, kept_from: Instant) -> Value:
    """The value without results from before `kept_from`: whether those are still kept depends on commits."""
    if "told" not in value or kept_from == ALWAYS:
        return value
    known = [told for told in value["told"] if Told(*told).at >= kept_from]
    return {name: held for name, held in value.items() if name != "told"} | ({"told": known} if known else {})


def is_of_memory(value: Value) -> bool:
    """Whether the obligation is kept for its results alone."""
    return value.keys() <= _OF_MEMORY


def is_over(value: Value) -> bool:
    """Whether nothing is demanded and the results are told; judging its end again changes nothing."""
    return "told" in value and value.get("status", "idle") in ("idle", "waiting")


def is_anew(value: Value) -> bool:
    """Whether late evidence has it judged again and that has not begun yet: more may come in the same commit."""
    return "told" in value and "settled" not in value
