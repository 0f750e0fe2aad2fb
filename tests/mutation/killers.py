"""Which facts are about which module: the tests that may kill its mutants, the quick and likely ones first."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Selection(NamedTuple):
    """Tests of one file; of those, where there are words, the ones that have one of them in their name."""

    file: str
    words: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    """Those with one of these are left out."""

    def has(self, item: pytest.Item) -> bool:
        name = item.name
        return (
            item.nodeid.startswith(f"{self.file}::")
            and (not self.words or any(word in name for word in self.words))
            and not any(word in name for word in self.but)
        )


RULES = "streams.kinds.rules"
_DOSSIERS = Selection("tests/unit/test_dossiers.py", but=("any_interleaving", "a_restart"))
"""Not in every order: those are many, about `step`, and a rule sees the same records in the end."""
_TABLE = Selection("tests/unit/test_kinds_table.py")
_PAGE = Selection("tests/unit/test_kinds_page.py", ("page",))
_DETAILS = tuple(f"tests/unit/test_details_of_{what}.py" for what in ("money", "customers", "contracts"))
_RECORD = Selection("tests/unit/test_dossiers_told.py")
_NEAR_MISSES = _DOSSIERS._replace(words=("near_miss",))
_JUDGE = tuple(Selection(f"tests/unit/test_{n}.py") for n in ("obligation", "verdicts", "process_states", "flapping"))
_STEP = tuple(
    Selection(f"tests/unit/test_{n}.py", but=("any_order",))
    for n in ("bad_input_of_the_judgement", "governance_ignore", "governance_segments")
)
_WHY = Selection("tests/unit/test_look_why.py")
_ANNOUNCED = Selection("tests/unit/test_announced.py")
_REFERENCES = Selection("tests/unit/test_references.py")

_GENERAL: dict[str, tuple[Selection, ...]] = {
    "streams.judge.obligation": (*_JUDGE, _RECORD, *_STEP, _WHY),
    "streams.judge.settle": (*_JUDGE, _RECORD, *_STEP, _WHY),
    "streams.judge.fold": (_REFERENCES, *_JUDGE, _RECORD, *_STEP, _WHY),
    "streams.judge.gates": (*_JUDGE, _RECORD, *_STEP, _WHY, _DOSSIERS._replace(words=("is_unknown",))),
    "streams.judge.announce": (_ANNOUNCED, *_JUDGE, _RECORD, *_STEP, _WHY),
    "streams.judge.process": (*_JUDGE, _RECORD, *_STEP, _WHY),
    "streams.kinds.asof": (*_JUDGE, _RECORD, *_STEP, _WHY),
    "streams.kinds.facts": (_RECORD, _NEAR_MISSES),
    "streams.kinds.shared": (_RECORD, _NEAR_MISSES),
    "streams.kinds.references": (_REFERENCES, *_JUDGE, _RECORD, *_STEP, _WHY),
    "tables.versions": (Selection("tests/unit/test_versions.py"), *_JUDGE, _WHY),
}
_HELPERS = ("books", "lags", "overdue", "provision", "received", "shown_status", "standing", "states", "trail")
"""Of `streams.kinds`: what several rules share. Held by the dossiers of the rules that use them."""

_MORE: dict[str, tuple[Selection, ...]] = {
    "process_state_disagreement": (Selection("tests/unit/test_process_states.py"),),
    "state_regression": (Selection("tests/unit/test_states_that_go_back.py"),),
}
"""Facts about one rule beside its dossiers."""


def path_of(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def modules() -> tuple[str, ...]:
    return (*_GENERAL, *(f"streams.kinds.{name}" for name in _HELPERS), *_rules())


@cache
def _rules() -> tuple[str, ...]:
    return tuple(sorted(f"{RULES}.{p.stem}" for p in (ROOT / "streams/kinds/rules").glob("[!_]*.py")))


@cache
def killers_of(module: str) -> tuple[Selection, ...]:
    """A rule is held by the dossiers of its kind."""
    if module in _GENERAL:
        return _GENERAL[module]
    kinds = tuple(rule.rpartition(".")[2] for rule in _rules() if module in _uses(rule))
    more = (selection for kind in kinds for selection in _MORE.get(kind, ()))
    return (
        _TABLE,
        *more,
        *(Selection(file, kinds) for file in _DETAILS),
        _RECORD._replace(words=kinds),
        _DOSSIERS._replace(words=kinds),
        _PAGE,
    )


@cache
def _uses(module: str) -> frozenset[str]:
    """The module and what it imports of `streams.kinds`, directly or not."""
    found = {name for name in _imported(module) if name.startswith("streams.kinds.") and path_of(name).is_file()}
    return frozenset({module}).union(*map(_uses, found - {module}))


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path_of(module).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def in_order(selections: Iterable[Selection], items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Those of the tests that are selected, in the order of the selections."""
    known = list(items)
    return list(dict.fromkeys(item for selection in selections for item in known if selection.has(item)))
