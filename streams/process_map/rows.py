"""One row a kind."""

from __future__ import annotations

import ast
import re
from importlib.resources import files
from typing import NamedTuple

from streams.governance.model import Governance
from streams.governance.model import Kind as Rules
from streams.judge.horizon import horizon_seconds
from streams.kinds.standing import is_in_periods
from streams.kinds.table import KINDS, Kind, unobserved
from streams.process_map.words import condition, duration

_BEGINNING = re.compile(r"^Kinds? [^:]*: ")


class Row(NamedTuple):
    number: str
    kind: str
    trigger: str
    """The record that demands it, and where it is kept."""
    begins: str
    """When it does, where one fact of the record decides that (triggers.yaml)."""
    expected: str
    """The step that must follow, as the condition of the customer that it decides."""
    violated: str
    """In a sentence: what it is when it drifts."""
    deadline: str
    horizon: str
    """The earliest verdict after the deadline."""
    owner: str
    command: str
    mode: str
    missing: str
    """Why it is not observed; empty where it is."""

    def unless_missing(self, text: str) -> str:
        return "not observed" if self.missing else text


def rows(governance: Governance) -> list[Row]:
    """The kinds that governance wants judged, in the order of the catalogue."""
    return [_row(governance, kind) for kind in KINDS if governance.wants(kind.name)]


def _row(governance: Governance, kind: Kind) -> Row:
    rules = governance.kinds[kind.name]
    return Row(
        number=kind.number,
        kind=kind.row,
        trigger=f"{_spoken(kind.entity)} in {' or '.join(kind.roles)}",
        begins=_begins(governance, kind),
        expected=_condition(kind),
        violated=_sentence(kind),
        deadline=_deadline(kind, rules, _closing(governance, kind)),
        horizon=duration(horizon_seconds(governance, kind)),
        owner=rules.owner_team,
        command=kind.command or "none: a person decides",
        mode=rules.mode,
        missing=not_observed(governance, kind),
    )


def not_observed(governance: Governance, kind: Kind) -> str:
    places = ", ".join(f"{_spoken(entity)} from any {role} system" for role, entity in unobserved(governance, kind))
    return f"not observed because nothing captures {places}" if places else ""


def _deadline(kind: Kind, rules: Rules, closing: str) -> str:
    everyone = _span(kind, rules)
    segments = [f"{name}: {_span(kind, rules.of_segment(name))}" for name in rules.segments]
    close = [f"at the latest as a period of {closing} closes"] if closing else []
    return "; ".join([everyone, *segments, *close])


def _closing(governance: Governance, kind: Kind) -> str:
    """The companies whose periods matter."""
    with_periods = [code for code, entity in governance.entities.items() if entity.has_periods]
    return ", ".join(with_periods) if is_in_periods(governance, kind) else ""


def _span(kind: Kind, rules: Rules) -> str:
    if rules.sla_business_days:
        return f"{rules.sla_business_days} business day{'s' if rules.sla_business_days > 1 else ''}"
    if not rules.sla_seconds:
        return "at once"
    return duration(rules.sla_seconds) + (" of difference" if kind.clock == "grace" else "")


def _sentence(kind: Kind) -> str:
    # From the file: compiled, a module has no docstring.
    package, _, name = kind.judge.__module__.rpartition(".")
    told = ast.get_docstring(ast.parse((files(package) / f"{name}.py").read_text()), clean=False) or ""
    return " ".join(_BEGINNING.sub("", told.split("\n\n")[0]).split())


def _begins(governance: Governance, kind: Kind) -> str:
    return condition(governance.triggers[kind.entity][kind.begins_with]) if kind.begins_with else ""


def _condition(kind: Kind) -> str:
    """`InvoicesPosted` -> invoices posted"""
    return " ".join(word.lower() for word in re.findall(r"[A-Z][a-z]*", kind.condition))


def _spoken(name: str) -> str:
    return name.replace("_", " ")
