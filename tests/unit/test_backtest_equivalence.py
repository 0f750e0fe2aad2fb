"""A backtest and the whole topology give the same verdicts, however the backtest cuts or stores its work."""

from __future__ import annotations

import json
import random
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from schemas.instants import SECOND
from streams.backtest import run
from streams.backtest.findings import Findings
from streams.backtest.lines import instant
from streams.backtest.log import Log
from streams.backtest.order import in_order
from streams.backtest.stores import Stores, stores
from streams.governance import Governance
from tests.crowd import as_lines, crowd, story_of
from tests.dossiers.model import Dossier
from tests.dossiers.stage import Play, governed
from tests.dossiers.table import DOSSIERS

every_kind = pytest.mark.parametrize(
    "dossier", DOSSIERS, ids=[f"{dossier.kind}-{number}" for number, dossier in enumerate(DOSSIERS)]
)


def judged(
    governance: Governance, lines: list[bytes], kept: Stores | None = None, *, disorder: int = 0, ends: float = 1000
) -> list[Any]:
    findings = Findings()
    made = run.Run(governance, kept or Stores(None), findings, marked=False, until=round(ends * SECOND))
    made.play(in_order(Log(BytesIO(b"".join(lines))).lines(), disorder))
    return sorted((json.loads(record) for record in findings.drifts()), key=lambda d: str(d["drift_id"]))


@pytest.fixture
def log() -> tuple[Governance, list[bytes]]:
    """Some 300 lines of 40 customers."""
    dossier = next(d for d in DOSSIERS if d.kind == "invoice_not_posted")
    return governed(dossier), as_lines(crowd(story_of(dossier, resolved=True), 40, random.Random(1)))


@every_kind
def test_every_story_ends_as_in_the_topology(dossier: Dossier) -> None:
    play = Play(dossier)
    play.tell(story_of(dossier, resolved=True))
    play.heard(dossier.ends).run()

    drifts = judged(governed(dossier), as_lines(story_of(dossier, resolved=True)), ends=dossier.ends)

    expected = {(i, o, c, how) for i, o, c, how, _ in play.lives()}
    assert {(d["drift_id"], _micros(d["opened_at"]), _micros(d["closed_at"]), d["how"]) for d in drifts} == expected
    commands = {d["command_id"] for d in drifts if d["command_id"]}
    assert commands <= play.commands()
    assert bool(commands) == bool(play.commands())


def _micros(text: str | None) -> int | None:
    return None if text is None else instant(text)


def test_how_often_the_clock_moves_changes_no_verdict(
    log: tuple[Governance, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = judged(*log)
    assert len(expected) == 40

    for batch in (1, 7, 64):
        monkeypatch.setattr(run, "BATCH", batch)
        assert [_without_heard(d) for d in judged(*log)] == [_without_heard(d) for d in expected]


def _without_heard(drift: dict[str, Any]) -> dict[str, Any]:
    """How far the sources had been heard when it was said is no part of the verdict."""
    return {name: value for name, value in drift.items() if name != "watermarks"}


def test_state_on_disk_changes_no_verdict(log: tuple[Governance, list[bytes]]) -> None:
    with stores(log_bytes=1, in_memory_bytes_max=0) as on_disk:
        assert judged(*log, on_disk) == judged(*log)


def test_the_folder_of_state_on_disk_is_gone_afterwards() -> None:
    with stores(log_bytes=1, in_memory_bytes_max=0) as on_disk:
        on_disk.make("judge")
        (folder,) = [f for f in [on_disk._folder] if isinstance(f, Path)]
        assert folder.exists()

    assert not folder.exists()


def test_lines_out_of_order_within_the_width_change_no_verdict(log: tuple[Governance, list[bytes]]) -> None:
    governance, lines = log
    width, rng = 5 * SECOND, random.Random(2)
    shuffled = sorted(lines, key=lambda data: json.loads(data)["committed_at"] + rng.randrange(width))
    assert shuffled != lines

    found = judged(governance, shuffled, disorder=width)

    assert [_without_heard(d) for d in found] == [_without_heard(d) for d in judged(*log)]
