"""Governance folders for tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.governance import BadGovernance, Governance, load


def folder_of(path: Path, **files: str) -> Path:
    """A folder of the given files, `mappings__erp` for mappings/erp.yaml."""
    for name, text in files.items():
        file = path / (name.replace("__", "/") + ".yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


def problem_of(*folders: Path) -> str:
    with pytest.raises(BadGovernance) as caught:
        load(*folders)
    return str(caught.value)


def without(governance: Governance, gone: str) -> Governance:
    """As a company would write it: nothing names what is not there."""
    systems = {
        name: system.model_copy(update={"links": {a: t for a, t in system.links.items() if t != gone}})
        for name, system in governance.systems.items()
        if name != gone
    }
    mappings = {name: mapping for name, mapping in governance.mappings.items() if name != gone}
    return governance.model_copy(update={"systems": systems, "mappings": mappings})
