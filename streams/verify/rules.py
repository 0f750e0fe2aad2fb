"""When what a deployment said is what the replay says; a deployment at work has said more since its state was read."""

from __future__ import annotations

from collections.abc import Callable

from streams.verify.compare import Fact, Rule, Same, nobody
from streams.verify.ledger import NOTHING_HELD
from streams.verify.outputs import CORRECTED, ROWS, Output, without, wrong_alone


def same_last_word(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """While a deployment runs it has gone on since: then what was recomputed must be one of its words since."""
    held = deployed or _NOTHING
    before = held["before"] or [None]
    said = before if recomputed is None else recomputed["said"]
    return said[-1] in (*(held["sure"] or before), *held["later"])


def same_records(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """Whether the same records were written, and as often."""
    held, made = deployed or _NOTHING, recomputed or _NOTHING
    known = _known(held)
    often = held["sure_count"] <= made["count"] <= held["count"]
    return often and all(f in known for f in made["said"]) and all(f in made["said"] for f in held["sure"])


def same_rows(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """Told at least once, as it is; told again after a move, or because the source said it again."""
    if recomputed is None:
        return not (deployed or _NOTHING)["sure"]
    held = deployed or _NOTHING
    return recomputed["said"][0] in _known(held)


def _known(held: Fact) -> list[Fact | None]:
    return [*held["before"], *held["sure"], *held["later"]]


_NOTHING: Fact = {**NOTHING_HELD, "said": []}


def rule(
    output: Output, *, modes: bool = True, trimmed: bool = False, whole: Callable[[str], bool] = lambda customer: True
) -> Rule:
    """Not `modes`: whether a correction was asked for or only proposed does not count. `trimmed`: the topic's oldest
    records are gone, so that one is not there proves nothing. `whole`: of which customers it is known since when their
    conditions stand; of others only what is wrong counts."""
    same: Same = same_last_word if output.compacted else same_rows if output is ROWS else same_records
    customer = nobody if output.customer is None else lambda key, fact: fact.get("customer")
    without_modes = _as_it_is if modes else _each(without("mode", "restraint"))
    fact = _each(_known_of(whole)) if output is CORRECTED else without_modes
    same = _if_there(same) if trimmed else same
    return Rule(output.sort, fact, same, when=lambda fact: fact.get("when"), customer=customer)


def _if_there(same: Same) -> Same:
    return lambda deployed, recomputed: deployed is None or same(deployed, recomputed)


def _as_it_is(entry: Fact) -> Fact:
    return entry


def _known_of(whole: Callable[[str], bool]) -> Callable[[Fact], Fact]:
    return lambda fact: fact if whole(fact["canonical_id"]) else wrong_alone(fact)


def _each(of_fact: Callable[[Fact], Fact]) -> Callable[[Fact], Fact]:
    """Applies a function to each fact in an entry."""
    return lambda entry: (
        entry | {name: [fact and of_fact(fact) for fact in entry[name]] for name in _SAID if name in entry}
    )


_SAID = ("before", "sure", "later", "said")
