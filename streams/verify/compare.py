"""Two sorted sets of facts, side by side: what one has and the other has not, or has otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from schemas.instants import Instant
from streams.verify.report import Check

Fact = dict[str, Any]
Same = Callable[[Fact | None, Fact | None], bool]
Pair = tuple[str, Fact | None, Fact | None]


def equal(deployed: Fact | None, recomputed: Fact | None) -> bool:
    return deployed == recomputed


def no_instant(fact: Fact) -> Instant | None:
    return None


def nobody(key: str, fact: Fact) -> str | None:
    return None


class Rule(NamedTuple):
    """How facts of one sort are compared."""

    what: str
    fact: Callable[[Fact], Fact | None] = lambda value: value
    """What counts of a value; None: it counts as absent."""
    same: Same = equal
    when: Callable[[Fact], Instant | None] = no_instant
    """The latest instant that the fact speaks of; None: it is always compared."""
    customer: Callable[[str, Fact], str | None] = nobody
    """Whose verdict it is."""


class Scope(NamedTuple):
    """What is left out of a comparison."""

    since: Instant | None = None
    customers: frozenset[str] = frozenset()
    """Whose verdicts are not compared."""

    def leaves_out(self, rule: Rule, key: str, facts: Iterable[Fact]) -> bool:
        if any(rule.customer(key, fact) in self.customers for fact in facts):
            return True
        known = [instant for fact in facts if (instant := rule.when(fact)) is not None]
        return self.since is not None and bool(known) and max(known) < self.since


def compare(
    stage: str,
    shard: str,
    rules: Mapping[str, Rule | None],
    deployed: Iterable[tuple[str, Fact]],
    recomputed: Iterable[tuple[str, Fact]],
    scope: Scope,
) -> list[Check]:
    """Both in key order. `rules`: beginning of a key up to its first slash -> how it is compared; None: not at all; a
    sort that no rule names is compared as it is."""
    checks = {rule.what: Check(f"{stage}: {rule.what}", shard) for rule in rules.values() if rule is not None}
    for key, held, made in outer_join(deployed, recomputed):
        sort = key.partition("/")[0]
        rule = rules.get(sort, Rule(f"{sort}/"))
        if rule is not None:
            check = checks.setdefault(rule.what, Check(f"{stage}: {rule.what}", shard))
            _compare_one(check, rule, key, _fact(rule, held), _fact(rule, made), scope)
    return list(checks.values())


def outer_join(left: Iterable[tuple[str, Fact]], right: Iterable[tuple[str, Fact]]) -> Iterator[Pair]:
    lefts, rights = iter(left), iter(right)
    held, made = next(lefts, None), next(rights, None)
    while held is not None or made is not None:
        if made is None or (held is not None and held[0] < made[0]):
            assert held is not None
            yield held[0], held[1], None
            held = next(lefts, None)
        elif held is None or made[0] < held[0]:
            yield made[0], None, made[1]
            made = next(rights, None)
        else:
            yield held[0], held[1], made[1]
            held, made = next(lefts, None), next(rights, None)


def _fact(rule: Rule, value: Fact | None) -> Fact | None:
    return None if value is None else rule.fact(value)


def _compare_one(check: Check, rule: Rule, key: str, held: Fact | None, made: Fact | None, scope: Scope) -> None:
    facts = [fact for fact in (held, made) if fact is not None]
    if not facts:
        return
    if scope.leaves_out(rule, key, facts):
        check.skipped += 1
        return
    check.compared += 1
    if not rule.same(held, made):
        check.differ(key, *apart(held, made))


def apart(held: Fact | None, made: Fact | None) -> tuple[str | None, str | None]:
    """Both as JSON; where both are there, only what differs."""
    if held is None or made is None:
        return _text(held), _text(made)
    names = [name for name in sorted({*held, *made}) if held.get(name) != made.get(name)]
    return _text({n: held.get(n) for n in names}), _text({n: made.get(n) for n in names})


def _text(fact: Fact | None) -> str | None:
    return None if fact is None else orjson.dumps(fact, option=orjson.OPT_SORT_KEYS).decode()
