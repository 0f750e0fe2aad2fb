"""`bench recovery` at tiny sizes: every scenario works, and the document has what the reach is read from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from streams.bench.recovery.run import QUICK
from streams.cli import driftwise


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    done = CliRunner().invoke(driftwise, ["bench", "recovery", "--quick", "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_document_has_every_figure(document: dict[str, Any]) -> None:
    assert document["restore_records_per_second"] > 0
    assert set(document["restart_seconds"]) == {str(QUICK.few), str(QUICK.customers)}
    assert len(document["rounds"]) == QUICK.rounds
    assert document["machine"]["cores"]


def test_verdicts_stand_still_until_the_dead_workers_session_is_over_and_then_go_on(document: dict[str, Any]) -> None:
    gaps = document["verdict_gap_seconds"]

    assert set(gaps) == {"standby", "none"}
    assert all(gap is not None and 5 < gap < 60 for gap in gaps.values()), document
