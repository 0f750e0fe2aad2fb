"""Which facts are about which module: the selections of tests that may kill its mutants, the quick ones first."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
Selection = tuple[str, ...]
"""Arguments of pytest."""

DOSSIERS = "tests/unit/test_dossiers.py"
_TABLE = "tests/unit/test_kinds_table.py"
_TOLD = "tests/unit/test_dossiers_told.py"
_RECORD: Selection = (_TOLD,)
_NEAR_MISSES: Selection = (DOSSIERS, "-k", "near_miss")
_JUDGE: Selection = tuple(
    f"tests/unit/test_{name}.py"
    for name in ("obligation", "verdicts", "flapping", "look_why", "process_states", "the_law")
)

_GENERAL: dict[str, tuple[Selection, ...]] = {
    "streams.judge.obligation": (_JUDGE, _RECORD),
    "streams.judge.settle": (_JUDGE, _RECORD),
    "streams.judge.fold": (("tests/unit/test_references.py",), _JUDGE, _RECORD),
    "streams.judge.gates": (_JUDGE, _RECORD, (DOSSIERS, "-k", "is_unknown")),
    "streams.judge.announce": (_JUDGE, _RECORD),
    "streams.judge.process": (_JUDGE, _RECORD),
    "streams.kinds.asof": (_JUDGE, _RECORD, _NEAR_MISSES),
    "streams.kinds.facts": (_RECORD, _NEAR_MISSES),
    "streams.kinds.shared": (_RECORD, _NEAR_MISSES),
    "streams.kinds.references": (("tests/unit/test_references.py",), _JUDGE),
    "tables.versions": (("tests/unit/test_versions.py",), _JUDGE),
}

_MORE: dict[str, tuple[str, ...]] = {
    "process_state_disagreement": ("tests/unit/test_process_states.py",),
}
"""Facts about one rule beside its dossiers."""


def path_of(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def modules() -> tuple[str, ...]:
    rules = sorted(p.stem for p in (ROOT / "streams/kinds/rules").glob("*.py") if p.stem != "__init__")
    return (*_GENERAL, *(f"streams.kinds.rules.{name}" for name in rules))


def killers_of(module: str) -> tuple[Selection, ...]:
    """A rule is held by the dossiers of its kind."""
    kind = module.rpartition(".")[2]
    return _GENERAL.get(module) or (
        (_TABLE, *_MORE.get(kind, ())),
        (_TOLD, "-k", kind),
        (DOSSIERS, "-k", kind),
    )
