"""Governance from YAML: package defaults, overlaid file by file with a deployment's folder."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from streams.governance.checks import problems
from streams.governance.explain import explain
from streams.governance.files import nothing_below, overlay, read_folder, rival_owners, with_one_deadline
from streams.governance.model import Governance
from streams.governance.problem import BadGovernance, Problem
from streams.governance.words import meant

DEFAULT = Path(__file__).parent / "default"


def load(*folders: Path) -> Governance:
    """The defaults overlaid with each folder in turn; raises BadGovernance with file, key and remedy."""
    given = {folder: _existing(folder) for folder in folders}
    raw: dict[str, Any] = overlay({"mappings": {}}, deepcopy(_defaults()))
    for top in given.values():
        raw = overlay(raw, with_one_deadline(top))
    taken = nothing_below(_defaults(), list(given.values()))
    _refuse([*rival_owners(given), *_unknown_kinds(raw), *_misplaced(raw), *taken], folders)
    _spread_tolerances(raw)
    try:
        governance = Governance.model_validate(raw)
    except ValidationError as problem:
        found = [explain(error) for error in problem.errors()]
    else:
        found = problems(governance)
    _refuse(found, folders)
    return governance


@cache
def _defaults() -> dict[str, Any]:
    """Read once: they cannot change while we run, and reading them takes most of the time of `load`."""
    return read_folder(DEFAULT)


def _existing(folder: Path) -> dict[str, Any]:
    if folder.is_file():
        raise BadGovernance(f"{folder}: is a file; give the folder that holds systems.yaml and kinds.yaml")
    if not folder.is_dir():
        raise BadGovernance(f"{folder}: no such folder; give the folder that holds systems.yaml and kinds.yaml")
    return read_folder(folder)


def _refuse(found: Iterable[Problem], folders: tuple[Path, ...]) -> None:
    where = " or ".join(str(folder) for folder in folders or (DEFAULT,))
    if lines := [f"{problem}; correct it in {where}" for problem in found]:
        raise BadGovernance("\n".join(lines))


def _unknown_kinds(raw: dict[str, Any]) -> Iterable[Problem]:
    """A kind is a predicate: governance decides about it, and cannot invent one."""
    known = _defaults()["kinds"]
    for name in sorted(raw.get("kinds", {}).keys() - known.keys()):
        yield Problem("kinds.yaml", name, f"no such kind{meant(name, known)}")


def _misplaced(raw: dict[str, Any]) -> Iterable[Problem]:
    """Triggers go with mappings in records alone."""
    for system, objects in raw["mappings"].items():
        for name, mapping in objects.items() if isinstance(objects, dict) else ():
            if isinstance(mapping, dict) and "triggers" in mapping:
                what = "has a file of its own: move it to triggers.yaml, below the entity"
                yield Problem(f"mappings/{system}.yaml", f"{name}.triggers", what)


def _spread_tolerances(raw: dict[str, Any]) -> None:
    """A kind that states no tolerance has that of finance.yaml."""
    finance = raw.get("finance")
    common = finance.get("tolerances") if isinstance(finance, dict) else None
    if not isinstance(common, dict):
        return
    for part in ("absolute", "relative"):
        for kind in raw.get("kinds", {}).values() if part in common else ():
            if isinstance(kind, dict):
                kind.setdefault(f"tolerance_{part}", common[part])
