"""What a rule answers of a few records at an instant, asked directly: nothing is played, times are plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from streams.governance.model import Governance
from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import IN_ORDER, WAITING, Answer, Ask, Finding, Subject
from streams.kinds.table import BY_NAME
from tests.dossiers.model import Story
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, workspace

Told = Mapping[str, Any]


class Case(NamedTuple):
    kind: str
    """By the name of its row."""
    subject: str
    """`billing/I`."""
    records: Story
    tells: Told | str
    """What its finding says, or how it is called that there is none."""
    governance: Governance | None = None
    at_rest: bool = False
    instant: int = 500


NONE, WAITS, SETTLED = "nothing is demanded", "it waits", "in order"
_CALLED = {id(None): NONE, id(WAITING): WAITS, id(IN_ORDER): SETTLED}


def every(cases: Mapping[str, Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.kind}: {what}") for what, c in cases.items()])


def answer(case: Case) -> Answer:
    system, native_id = case.subject.split("/")
    kind, governance = BY_NAME[case.kind], case.governance or five_systems()
    now = AsOf(workspace(*case.records), governance, CUSTOMER, case.instant, at_rest=case.at_rest)
    return kind.judge(now, Subject(system, kind.entity, native_id))


def hold(case: Case) -> None:
    found = answer(case)
    if isinstance(case.tells, str):
        assert _CALLED.get(id(found), found) == case.tells
    else:
        assert isinstance(found, Finding)
        said = _said(found)
        assert {name: said[name] for name in case.tells} == case.tells


def of_second_system(role: str, **systems: Any) -> Governance:
    """The `product` has this role too, after the first that has it; some systems are governed otherwise."""
    base = five_systems()
    changed = {name: base.systems[name].model_copy(update=told) for name, told in systems.items()}
    second = base.systems["product"].model_copy(update={"role": role})
    return base.model_copy(update={"systems": {**base.systems, **changed, "product": second}})


def _said(found: Finding) -> Told:
    return {
        "satisfied": found.satisfied,
        "triggered": (found.triggered_at, found.trigger_version),
        "snapshot": found.snapshot,
        "severity": found.severity,
        "owner": found.owner_system,
        "amount": f"{found.amount['amount']} {found.amount['currency']}" if found.amount else None,
        "seen": [f"{_place(e.found)} {e.field} = {e.value}" for e in found.evidence],
        "asks": _asked(found.ask) if found.ask else None,
        "by": _place(found.satisfied_by) if found.satisfied_by else None,
        "causes": found.causes,
        "expected": found.expected,
        "observed": found.observed,
    }


def _asked(ask: Ask) -> tuple[str, Told, Told, str]:
    place = f"{ask.target_system}/{ask.target_entity}/{ask.target_id}"
    return (place, dict(ask.desired), dict(ask.expected), ask.command)


def _place(found: Found) -> str:
    return f"{found.system}/{found.native_id}"
