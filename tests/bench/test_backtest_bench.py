"""`bench backtest` on a few hundred cases: both sides take every event, and each notices what it can."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from streams.bench.backtest import run
from streams.bench.backtest.orders import DEVIATIONS, orders
from streams.bench.peers.environment import NoPeers
from streams.bench.table import Bench, Java

pytestmark = pytest.mark.law

CHECKERS = {"pm4py_replay", "pm4py_replay_live", "pm4py_footprints", "pm4py_footprints_defaults"}


def no_broker() -> AbstractContextManager[str]:
    raise AssertionError("bench backtest needs no broker")


def no_java() -> Java:
    raise AssertionError("bench backtest needs no Java")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("bench")
    try:
        return run(Bench(folder, lambda line: None, no_broker, no_java, quick=True))
    except NoPeers as problem:
        pytest.skip(f"pm4py is not to be had here: {problem}")


def test_every_contestant_takes_every_event_of_the_log(document: dict[str, Any]):
    taken = {row["contestant"]: (row["void"], row["events"]) for row in document["rounds"]}

    assert taken == dict.fromkeys({"ours", *CHECKERS}, (None, document["sizes"]["events"]))


def test_ours_notices_every_deviation_and_nothing_else(document: dict[str, Any]):
    shares = dict(document["noticed"]["ours"])

    assert shares.pop("false") == 0
    assert shares == dict.fromkeys(shares, 1.0)


def test_the_checkers_of_pm4py_run_as_meant_they_notice_a_wrong_order_and_report_no_conforming_case(
    document: dict[str, Any],
):
    for name in CHECKERS:
        assert document["noticed"][name]["posted before issued"] == 1.0
        assert document["noticed"][name]["false"] == 0


def test_what_pm4py_does_not_check_is_named_in_the_document(document: dict[str, Any]):
    assert {"deadlines", "absence", "values", "identity"} <= set(document["not_checked"])


def test_the_same_seed_writes_the_same_orders():
    assert orders(7, 50) == orders(7, 50) != orders(8, 50)


def test_orders_deviate_in_every_way_that_is_declared():
    _, deviating = orders(1, 5_000)

    assert set(deviating.values()) == set(DEVIATIONS)
