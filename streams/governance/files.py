"""Governance files as plain data: YAML without its surprises, and one folder laid over another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from streams.governance.problem import BadGovernance, Problem
from streams.governance.words import did_you_mean

KEY_OF_FILE: dict[str, str | None] = {
    # file -> key of the model; None: its keys are the model's own
    "systems": None,
    "kinds": "kinds",
    "people": "people",
    "ownership": "ownership",
    "entities": "entities",
    "finance": "finance",
    "ignore": "ignore",
    "process": "process",
    "triggers": "triggers",
}

FOR_EVER = frozenset(
    {
        "settled_retention_seconds",
        "ended_drift_retention_seconds",
        "replay_window_seconds",
        "audit_retention_seconds",
        "command_valid_seconds",
    }
)
"""Keys whose null is a value, other than what is in force where they are left out."""


class _Loader(yaml.SafeLoader):
    """A key given twice is an error, not the last one's win; NO is Norway, and only true and false are flags."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way to say it
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":bool")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is given twice, in lines {seen[key.value]} and {line}; keep one"
                )
            seen[key.value] = line
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])


def read_folder(folder: Path) -> dict[str, Any]:
    """Its files as one value, under the keys of the model; raises BadGovernance."""
    raw: dict[str, Any] = {}
    for path in _files_of(folder):
        if path.stem not in KEY_OF_FILE:
            known = f"known: {', '.join(KEY_OF_FILE)} and mappings/SYSTEM.yaml"
            raise BadGovernance(f"{path}: unknown file{did_you_mean(path.stem, KEY_OF_FILE)}; {known}")
        key = KEY_OF_FILE[path.stem]
        raw |= {key: read_file(path)} if key else _read_systems(path)
    mappings = {path.stem: read_file(path) for path in _mappings_of(folder)}
    return raw | ({"mappings": mappings} if mappings else {})


def silent(folders: Iterable[Path]) -> list[str]:
    """Folders without any file that is read: one that was not mounted, or the one above. The defaults stay in force."""
    return [
        f"{folder}: holds no YAML file, so the defaults stay in force: give the folder that holds kinds.yaml"
        for folder in folders
        if folder.is_dir() and not _files_of(folder) and not _mappings_of(folder)
    ]


def _mappings_of(folder: Path) -> list[Path]:
    below = folder / "mappings"
    return _files_of(below) if below.exists() else []


def _files_of(folder: Path) -> list[Path]:
    """The YAML files of a folder. A folder that cannot be read, or `.yml`, is an error: the defaults would stay in
    force."""
    try:
        found = sorted(folder.iterdir())
    except OSError as problem:
        raise BadGovernance(f"{folder}: cannot be read as a folder: {problem.strerror}") from None
    for path in found:
        if path.suffix == ".yml":
            raise BadGovernance(f"{path}: is not read: call it {path.with_suffix('.yaml').name}")
    return [path for path in found if path.suffix == ".yaml"]


def _read_systems(path: Path) -> dict[str, Any]:
    found = read_file(path)
    own = {key: f"{key}.yaml" for key in KEY_OF_FILE if key != "systems"} | {"mappings": "mappings/SYSTEM.yaml"}
    for key in found.keys() & own.keys():
        raise BadGovernance(f"{path}: {key}: has a file of its own: move it to {own[key]}")
    return found


def read_file(path: Path) -> dict[str, Any]:
    try:
        value = yaml.load(path.read_text("utf-8"), _Loader) or {}  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as problem:
        raise BadGovernance(f"{path}: cannot be read as text in UTF-8: {problem}") from None
    except yaml.YAMLError as problem:
        raise BadGovernance(f"{path}: no valid YAML: {' '.join(_what(problem).split())}: correct it there") from None
    if not isinstance(value, dict):
        raise BadGovernance(f"{path}: must hold keys and values, not {type(value).__name__}")
    return value


def _what(problem: yaml.YAMLError) -> str:
    if not isinstance(problem, yaml.MarkedYAMLError) or problem.problem_mark is None:
        return str(problem)
    where = f"line {problem.problem_mark.line + 1}, column {problem.problem_mark.column + 1}"
    return f"{where}: {problem.problem}" + (f" ({problem.context})" if problem.context else "")


def overlay(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; null takes away what lies below, or is itself what is said; anything else is
    replaced."""
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return {key: value for key, value in merged.items() if value is not None or key in FOR_EVER}


def nothing_below(below: dict[str, Any], folders: Iterable[dict[str, Any]]) -> list[Problem]:
    """Names that null is to take away and that nobody gives: a typo would leave standing what was to go."""
    given: dict[str, set[str]] = {}
    for raw in (below, *folders):
        for section, names in _named(raw):
            given.setdefault(section, set()).update(name for name, value in names.items() if value is not None)
    return [
        Problem(section, name, f"null takes away what is there, and there is none{did_you_mean(name, given[section])}")
        for raw in folders
        for section, names in _named(raw)
        for name, value in names.items()
        if value is None and name not in given[section]
    ]


def _named(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """File -> what it names: systems, kinds, objects of a system, facts and their conditions."""
    mappings = raw.get("mappings") or {}
    sections = {"systems.yaml": raw.get("systems"), "kinds.yaml": raw.get("kinds")}
    sections |= {f"mappings/{system}.yaml": objects for system, objects in mappings.items()}
    sections["triggers.yaml"] = dict(_below("", raw.get("triggers") or {}))
    yield from ((file, names) for file, names in sections.items() if isinstance(names, dict))


def _below(name: str, named: Any) -> Iterator[tuple[str, Any]]:
    """`posted`, `posted.when`, `posted.when.total`: each with what it says."""
    for key, value in named.items() if isinstance(named, dict) else ():
        if key != "dated_by":  # most say null
            yield f"{name}{key}", value
        yield from _below(f"{name}{key}.", value)


def with_one_deadline(top: dict[str, Any]) -> dict[str, Any]:
    """Where it states a deadline in seconds, one in business days that lies below is taken away."""
    kinds = top.get("kinds")
    if not isinstance(kinds, dict):
        return top
    return {**top, "kinds": {name: _with_one_deadline(kind) for name, kind in kinds.items()}}


def _with_one_deadline(stated: Any) -> Any:
    """A kind, or what differs for a segment."""
    if not isinstance(stated, dict):
        return stated
    segments = stated.get("segments")
    if isinstance(segments, dict):
        stated = {**stated, "segments": {name: _with_one_deadline(segment) for name, segment in segments.items()}}
    return {"sla_business_days": None, **stated} if stated.get("sla_seconds") is not None else stated


def rival_owners(folders: dict[Path, dict[str, Any]]) -> list[Problem]:
    """Attributes to which two of the folders give different owners. The defaults are there to be decided otherwise;
    folders of one deployment must not decide against each other."""
    found, decided = [], dict[tuple[str, str], tuple[str, Path]]()
    for folder, raw in folders.items():
        for entity, owners in raw.get("ownership", {}).items():
            for attribute, owner in owners.items() if isinstance(owners, dict) else ():
                first, where = decided.setdefault((entity, attribute), (owner, folder))
                if first != owner:
                    what = f"two owners: {first} in {where} and {owner} in {folder}; keep one"
                    found.append(Problem("ownership.yaml", f"{entity}.{attribute}", what))
    return found
