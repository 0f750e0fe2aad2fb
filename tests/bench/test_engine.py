"""The join job of ours on a real broker, small: right outputs, and a document of the promised shape."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from streams.bench.engine import QUICK
from streams.cli import driftwise


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    asked = ["bench", "engine", "--quick", "--only", "ours", "--only", "ours_collapsed", "--json"]
    done = CliRunner().invoke(driftwise, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def rows(document: dict[str, object], contestant: str) -> list[dict[str, object]]:
    found = document["rounds"]
    assert isinstance(found, list)
    return [row for row in found if row["contestant"] == contestant]


def test_each_input_is_answered_by_one_right_output(document: dict[str, object]) -> None:
    assert [(row["void"], row["outputs"]) for row in rows(document, "ours")] == [(None, QUICK.events)] * 2


def test_a_collapsed_output_has_fewer_records_and_ends_the_same(document: dict[str, object]) -> None:
    for row in rows(document, "ours_collapsed"):
        assert row["void"] is None
        assert isinstance(row["outputs"], int)
        assert 0 < row["outputs"] < QUICK.events


def test_the_document_says_what_was_measured_where(document: dict[str, object]) -> None:
    assert {"ratios", "rates", "cpu_seconds_per_million", "distinct_keys_per_commit", "machine", "rounds"} <= set(
        document
    )
    rates = document["rates"]
    assert isinstance(rates, dict)
    assert all(rates[distribution]["ours"] > 0 for distribution in ("uniform", "zipf"))
