"""The worked example of `ops/backtest.md` does what the page says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.entities import ENTITIES
from streams.commands.backtest import backtest
from tests.stack import ROOT

PAGE = (ROOT / "ops" / "backtest.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture
def answer(tmp_path: Path) -> Any:
    (tmp_path / "changes.py").write_text(block("python"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "systems.yaml").write_text(block("yaml"))
    mapped = subprocess.run(
        [sys.executable, str(tmp_path / "changes.py")], input=block("csv"), text=True, capture_output=True, check=True
    )
    (until,) = re.findall(r"--until (\S+)", block("sh"))
    arguments = ["-", "--governance", str(tmp_path / "rules"), "--until", until, "--json"]
    result = CliRunner().invoke(backtest, arguments, input=mapped.stdout, catch_exceptions=False)
    return json.loads(result.stdout)


def test_the_example_gives_the_answer_on_the_page(answer: Any) -> None:
    stated = json.loads(block("json"))

    assert {name: answer[name] for name in stated} == stated


def test_every_field_of_the_answer_is_on_the_page(answer: Any) -> None:
    for name in answer:
        assert f"`{name}`" in PAGE


def test_entities_that_the_page_names_exist() -> None:
    named = re.findall(r'line\(event, "\w+", "(\w+)"', block("python"))

    assert named
    assert set(named) <= set(ENTITIES)
