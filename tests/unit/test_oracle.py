"""An independent oracle: every obligation kind, judged by our operator and by a monitor of metric temporal logic.

Traces are random changes at whole milliseconds around a deadline of T: done exactly at T, one unit after it, withdrawn
at T, taken back. The monitor (rtamt: discrete time, closed bounds) knows two signals only, whether it is demanded and
whether it is done, and this formula of the first violation:

    begins := demanded rises, or done falls after the demand has stood for T
    violated at t + T := begins at t, demanded throughout [t, t+T], not done at t+T

`DRIFTWISE_ORACLE_TRACES` is the number of traces a kind; 10,000 take one to four minutes a kind."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from functools import cache

import pytest
import rtamt

from schemas import topics
from schemas.instants import SECOND
from streams.kinds.table import KINDS
from tests.depth import cases
from tests.dossiers.model import Change, Toggles, company
from tests.dossiers.stage import Play
from tests.dossiers.table import TOGGLES, dossier_of

TRACES = int(os.environ.get("DRIFTWISE_ORACLE_TRACES", cases(150, thorough=1500)))
T = 10
"""Milliseconds, and so the number of samples in a span."""
LENGTH = 5 * T
BEGIN_SECONDS = 5.0
FORMULA = f"violated = (begins > 0.5) and (always[0:{T}](demanded > 0.5)) and (eventually[{T}:{T}](done < 0.5))"
Steps = list[tuple[int, str]]
"""(millisecond, which toggle)."""


def trace(rng: random.Random) -> Steps:
    """demand, withdraw, do, undo: in any sense and nonsense, mostly near the deadline."""
    begun = rng.randrange(1, T)
    near = [begun + T + d for d in (-1, 0, 1)]
    steps = [(begun, "demand")]
    if rng.random() < 0.8:
        steps.append((rng.choice([*near, rng.randrange(0, LENGTH)]), "do"))
    if rng.random() < 0.35:
        steps.append((rng.choice([*near, rng.randrange(begun + 1, LENGTH)]), "withdraw"))
        if rng.random() < 0.4:
            steps.append((min(LENGTH - 1, steps[-1][0] + rng.randrange(1, T)), "demand"))
    if rng.random() < 0.35:
        steps.append((rng.choice([*near, rng.randrange(begun + 1, LENGTH)]), "undo"))
    return [step for step in sorted(steps) if step[0] < LENGTH]


def signals(steps: Steps) -> tuple[list[bool], list[bool]]:
    demanded, done, states = False, False, []
    for now in range(LENGTH + T + 1):
        for at, toggle in steps:
            if at == now:
                demanded = {"demand": True, "withdraw": False}.get(toggle, demanded)
                done = {"do": True, "undo": False}.get(toggle, done)
        states.append((demanded, done))
    return [d for d, _ in states], [d for _, d in states]


def begins(demanded: list[bool], done: list[bool]) -> list[bool]:
    """Plain past, which no monitor is needed for."""
    found = []
    for now in range(len(demanded)):
        rises = demanded[now] and (now == 0 or not demanded[now - 1])
        stood = now > T and all(demanded[now - T - 1 : now + 1])
        found.append(rises or (stood and done[now - 1] and not done[now]))
    return found


@cache
def monitor() -> rtamt.StlDiscreteTimeSpecification:
    spec = rtamt.StlDiscreteTimeSpecification()
    for name in ("begins", "demanded", "done", "violated"):
        spec.declare_var(name, "float")
    spec.spec = FORMULA
    spec.parse()
    return spec


def by_the_monitor(steps: Steps) -> int | None:
    demanded, done = signals(steps)
    samples = {"time": list(range(len(done))), "begins": begins(demanded, done), "demanded": demanded, "done": done}
    verdicts = monitor().evaluate(
        {k: [float(v) for v in values] if k != "time" else values for k, values in samples.items()}
    )
    return next((int(at) + T for at, robustness in verdicts if robustness > 0 and at < LENGTH), None)


def renamed(change: Change, number: int) -> Change:
    """One company of many: its ids and business keys are its own."""

    def own(name: str, value: object) -> object:
        keys = name.endswith(("_ref", "_number")) or name in ("number", "reference")
        return f"{value}-{number}" if keys and isinstance(value, str) and name != "registration_number" else value

    attributes = None if change.attributes is None else {k: own(k, v) for k, v in change.attributes.items()}
    return change._replace(
        native_id=f"{change.native_id}-{number}", customer=f"{change.customer}-{number}", attributes=attributes
    )


def played(toggles: Toggles, steps: Steps) -> Iterator[Change]:
    act = {"demand": toggles.demand, "withdraw": toggles.withdraw, "do": toggles.do, "undo": toggles.undo}
    for at, toggle in steps:
        yield from act[toggle](BEGIN_SECONDS + at / 1000)


def by_ours(kind: str, toggles: Toggles, traces: list[Steps]) -> dict[int, int]:
    """Number of the trace -> millisecond of its first violation."""
    dossier = dossier_of(kind)
    play = Play(dossier._replace(governed={**dossier.governed, "sla_seconds": T / 1000}))
    story: list[Change] = []
    for number, steps in enumerate(traces):
        whole = (*company(dossier.linked), *toggles.before, *played(toggles, steps))
        story += [renamed(change, number) for change in whole]
    play.tell(story)
    play.heard(BEGIN_SECONDS + 1).run()
    found: dict[int, int] = {}
    for written in play.driver.written[topics.DRIFTS]:
        drift = written.value or {}
        number = int(drift["native_id"].rpartition("-")[2])
        at = round((drift["opened_at"] / SECOND - BEGIN_SECONDS) * 1000)
        found[number] = min(at, found.get(number, at))
    return {number: at for number, at in found.items() if at < LENGTH + T}


@pytest.mark.law
@pytest.mark.parametrize("kind", sorted(TOGGLES))
def test_our_operator_and_the_monitor_say_the_same(kind: str) -> None:
    rng = random.Random(f"{kind}")
    traces = [trace(rng) for _ in range(TRACES)]

    ours = by_ours(kind, TOGGLES[kind], traces)

    for number, steps in enumerate(traces):
        assert ours.get(number) == by_the_monitor(steps), steps
    assert 0 < len(ours) < TRACES, "traces must be of both sorts"


def test_every_obligation_kind_has_its_toggles() -> None:
    assert {kind.name for kind in KINDS if kind.clock == "deadline"} == set(TOGGLES)
