"""The contributor's guide shows what is in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "ops" / "adding-a-kind.md").read_text()
SHOWN = ("streams/kinds/rules/won_without_erp_order.py", "tests/dossiers/won_without_erp_order.py")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def test_the_worked_example_is_the_kind_as_it_is() -> None:
    assert blocks("python") == [(ROOT / path).read_text() for path in SHOWN]


def test_the_governed_entry_is_the_default() -> None:
    (entry,) = blocks("yaml")
    kinds = yaml.safe_load((ROOT / "streams/governance/default/kinds.yaml").read_text())

    assert yaml.safe_load(entry) == {"won_without_erp_order": kinds["won_without_erp_order"]}


def test_the_trigger_is_the_default() -> None:
    (shown,) = re.findall(r"^  ```yaml\n(.*?)^  ```", GUIDE, re.DOTALL | re.MULTILINE)
    triggers = yaml.safe_load((ROOT / "streams/governance/default/triggers.yaml").read_text())

    assert yaml.safe_load(shown) == {"opportunity": {"ordered": triggers["opportunity"]["ordered"]}}
