"""How `driftwise verify` is asked, and how it answers."""

from __future__ import annotations

import json
import time
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from schemas.instants import Instant, seconds
from streams.commands import verify as command
from streams.commands.looking import Sight
from streams.look.read import CannotLook
from streams.settings import Settings
from streams.verify import Check, Report

DAMAGED = Check("judge: drifts", "judge-1", compared=3)
DAMAGED.differ("drifts/d1", '{"opened_at":1}', '{"opened_at":2}')
DAMAGED.differ("drifts/d2", None, '{"opened_at":2}')


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command; it finds the given report, or cannot look for the given reason."""
    monkeypatch.setattr(command, "sight", lambda: Sight(Settings("", ""), None, None, lambda: 0))  # type: ignore[arg-type]

    def run(answer: Report | CannotLook, *args: str) -> Result:
        def verify(settings: Any, governance: Any, since: Instant | None, tell: Any) -> Report:
            tell("judge-1: replaying ...")
            if isinstance(answer, CannotLook):
                raise answer
            return answer

        monkeypatch.setattr(command, "verify_deployment", verify)
        return CliRunner().invoke(command.verify, args, catch_exceptions=False)

    return run


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (Report([Check("a", compared=3)]), 0),
        (Report([Check("a", compared=3)], unproven=["src.crm-0 begins at offset 7"]), 1),
        (Report([DAMAGED], unproven=["src.crm-0 begins at offset 7"]), 2),
    ],
)
def test_the_exit_code_is_the_answer(ask: Any, report: Report, code: int) -> None:
    assert ask(report).exit_code == code
    assert ask(report, "--json").exit_code == code


def test_what_differs_is_shown_with_both_sides(ask: Any) -> None:
    shown = ask(Report([DAMAGED], notes=["so it is"])).stdout

    assert "drifts/d1" in shown
    assert 'deployed    {"opened_at":1}' in shown
    assert "deployed    nothing" in shown
    assert "note: so it is" in shown
    assert "2 of 3 facts differ" in shown


def test_what_cannot_be_told_is_not_called_equal(ask: Any) -> None:
    shown = ask(Report([Check("a", compared=3)], unproven=["input is gone"])).stdout

    assert "cannot tell: input is gone" in shown
    assert "not everything can be told" in shown


def test_for_programs_it_is_one_document_and_progress_goes_to_standard_error(ask: Any) -> None:
    result = ask(Report([DAMAGED]), "--json")

    found = json.loads(result.stdout)
    assert (found["equal"], found["checks"][0]["differing"]) == (False, 2)
    assert found["differences"][0]["shard"] == "judge-1"
    assert "replaying" in result.stderr


def test_a_broker_that_does_not_answer_is_one_line_and_exit_1(ask: Any) -> None:
    result = ask(CannotLook("Kafka does not answer"))

    assert (result.exit_code, "Kafka does not answer" in result.output) == (1, True)


def test_since_takes_an_instant_with_its_offset() -> None:
    asked = command.Since().convert("2026-11-24T10:00:00+01:00", None, None)

    assert asked == command.Since().convert("2026-11-24T09:00:00Z", None, None)


@pytest.mark.parametrize(("text", "ago_seconds"), [("90s", 90), ("30min", 1_800), ("2h", 7_200), ("1.5d", 129_600)])
def test_since_takes_how_long_ago(text: str, ago_seconds: float) -> None:
    wanted = time.time_ns() // 1_000 - seconds(ago_seconds)

    assert command.Since().convert(text, None, None) == pytest.approx(wanted, abs=seconds(60))


@pytest.mark.parametrize(("text", "why"), [("yesterday", "neither"), ("2026-11-24T10:00:00", "time zone")])
def test_since_says_what_it_does_not_understand(text: str, why: str) -> None:
    with pytest.raises(click.BadParameter, match=why):
        command.Since().convert(text, None, None)
