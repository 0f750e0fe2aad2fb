"""Both sides of one shard beside each other: what the deployment holds and said, and what the replay made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from schemas.instants import Instant
from streams.judge.keys import process_key
from streams.judge.process import WHOLE
from streams.shard import State
from streams.verify import indexes
from streams.verify.compare import Fact, Rule, Scope, compare
from streams.verify.deployed import Place
from streams.verify.ledger import Deployed, Recomputed
from streams.verify.outputs import OUTPUTS
from streams.verify.report import Check
from streams.verify.rules import rule
from streams.verify.state_facts import PART_OF_STATE, STATE, plain_state


class Sides(NamedTuple):
    held: State
    """The state as deployed."""
    made: State
    said: Deployed
    heard: Recomputed
    """What the replay said."""
    cut: frozenset[str]
    """Topics of which older records are gone than those that are compared."""
    touched: State | None
    """Keys that the deployment wrote since the replay begins; None: all."""

    def whole(self, customer: str) -> bool:
        """Whether both know since when the customer's conditions stand."""
        key = process_key(customer)
        return all((state.get(key) or {}).get(WHOLE) for state in (self.held, self.made))


def of_state(place: Place, sides: Sides, scope: Scope) -> list[Check]:
    held = _since(sides.touched, plain_state(sides.held.items()), sides.made)
    made = _since(sides.touched, plain_state(sides.made.items()), sides.held)
    checks = compare(place.stage, str(place), STATE[place.stage], held, made, scope)
    if place.stage == "judge":
        checks.append(indexes.check(str(place), sides.held))
    return checks


def of_outputs(place: Place, sides: Sides, scope: Scope, *, modes: bool = True) -> list[Check]:
    rules = {
        output.sort: rule(output, modes=modes, trimmed=output.topic in sides.cut, whole=sides.whole)
        for output in OUTPUTS[place.stage]
    }
    said = sides.said.since(sides.heard)
    return compare(place.stage, str(place), rules, said, sides.heard.items(), scope)


def of_newest(place: Place, held: State, made: State, since: Instant | None) -> list[Check]:
    """Compare what a part of the input proves: facts of the state that do not depend on the input that is gone."""
    rules = PART_OF_STATE.get(place.stage, {})
    known = ((key, held.get(key)) for key, _ in _of_sorts(rules, made.items()))
    deployed = ((key, value) for key, value in known if value is not None)
    return compare(place.stage, str(place), rules, deployed, _of_sorts(rules, made.items()), Scope(since))


def _since(touched: State | None, items: Iterable[tuple[str, Fact]], others: State) -> Iterable[tuple[str, Fact]]:
    """Without what neither side wrote: the replay began with it."""
    if touched is None:
        return items
    return ((key, fact) for key, fact in items if touched.get(key) is not None or others.get(key) != fact)


def _of_sorts(rules: Mapping[str, Rule | None], items: Iterable[tuple[str, Fact]]) -> Iterator[tuple[str, Fact]]:
    return ((key, value) for key, value in items if key.partition("/")[0] in rules)
