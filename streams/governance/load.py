"""Governance from YAML: package defaults, overlaid file by file with a deployment's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from streams.governance.model import Governance

DEFAULT = Path(__file__).parent / "default"
_FILES = {"systems": None, "kinds": "kinds", "people": "people", "ownership": "ownership"}
"""file -> key of the model; None: its keys are the model's own."""


class BadGovernance(Exception):
    """Stop: the text names file, key and remedy."""


def load(*folders: Path) -> Governance:
    """The defaults overlaid with each folder in turn; raises BadGovernance with file, key and remedy."""
    raw: dict[str, Any] = {"mappings": {}}
    for folder in (DEFAULT, *folders):
        if not folder.is_dir():
            raise BadGovernance(f"{folder}: no such folder; give the folder that holds systems.yaml and kinds.yaml")
        raw = _overlay(raw, _read_folder(folder))
    known = _read(DEFAULT / "kinds.yaml")
    unknown = sorted(raw.get("kinds", {}).keys() - known.keys())
    if unknown:
        what = f"kinds.yaml: {', '.join(unknown)}: no such kind; known: {', '.join(known)}"
        raise BadGovernance(f"{what}; correct it in {_where(folders)}")
    try:
        return Governance.model_validate(raw)
    except ValidationError as problem:
        raise BadGovernance("\n".join(_explain(error, folders) for error in problem.errors())) from None


def _read_folder(folder: Path) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.stem not in _FILES:
            raise BadGovernance(f"{path}: unknown file; known: {', '.join(_FILES)} and mappings/SYSTEM.yaml")
        key = _FILES[path.stem]
        raw |= {key: _read(path)} if key else _read(path)
    mappings = {path.stem: _read(path) for path in sorted((folder / "mappings").glob("*.yaml"))}
    return raw | ({"mappings": mappings} if mappings else {})


def _read(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as problem:
        raise BadGovernance(f"{path}: no valid YAML: {problem}") from None
    if not isinstance(value, dict):
        raise BadGovernance(f"{path}: must hold keys and values, not {type(value).__name__}")
    return value


def _overlay(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; null takes away what lies below; anything else is replaced."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return {key: value for key, value in merged.items() if value is not None}


def _explain(error: Any, folders: tuple[Path, ...]) -> str:
    location = [str(part) for part in error["loc"]]
    if location[:1] == ["mappings"] and len(location) > 1:
        file, key = f"mappings/{location[1]}.yaml", ".".join(location[2:])
    elif location[:1] and location[0] in _FILES.values():
        file, key = f"{location[0]}.yaml", ".".join(location[1:])
    else:
        file, key = "systems.yaml", ".".join(location)
    return f"{file}: {key or '(whole file)'}: {error['msg']}; correct it in {_where(folders)}"


def _where(folders: tuple[Path, ...]) -> str:
    return ", ".join(str(folder) for folder in (*folders, DEFAULT))
