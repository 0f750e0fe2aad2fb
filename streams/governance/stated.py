"""What is in force, as YAML that a folder can say again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from streams.governance.difference import Keys, leaves
from streams.governance.explain import place
from streams.governance.model import Governance


def stated(governance: Governance) -> Keys:
    """Path -> value, nulls as well."""
    return dict(leaves((), governance.model_dump(mode="json")))


def as_yaml(found: Keys) -> Iterator[str]:
    """File by file, each under a comment that names it."""
    files: dict[str, dict[str, Any]] = {}
    for path, value in found.items():
        file, keys = place(list(path))
        _put(files.setdefault(file, {}), keys, value)
    for file, content in files.items():
        yield f"# {file}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}"


def _put(within: dict[str, Any], keys: list[str], value: Any) -> None:
    *parents, last = keys
    for parent in parents:
        within = within.setdefault(parent, {})
    within[last] = value
