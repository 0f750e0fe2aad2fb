"""Who takes part in the join job, and how each is told what to do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streams.bench import peers
from streams.bench.contestants import CONTESTANTS, RATIOS, Run
from streams.bench.figures import VOID_BELOW, void_reason
from streams.bench.peers.environment import PEERS
from streams.bench.workload import DISTRIBUTIONS

NAMES = {each.name for each in CONTESTANTS}
PROGRAMS = ("quix_join.py", "faust_join.py")


def test_every_ratio_is_between_contestants() -> None:
    assert {name for pair in RATIOS.values() for name in pair} <= NAMES


def test_a_collapsed_output_is_compared_with_a_collapsed_one() -> None:
    collapsed = {each.name: each.collapsed for each in CONTESTANTS}

    assert all(collapsed[ours] == collapsed[peer] for ours, peer in RATIOS.values())


def test_a_collapsed_output_does_not_show_progress() -> None:
    assert not [each.name for each in CONTESTANTS if each.collapsed and each.progress == "outputs"]


def test_usual_rates_are_known_for_every_distribution_or_for_none() -> None:
    for each in CONTESTANTS:
        assert set(each.usual_rates or DISTRIBUTIONS) == set(DISTRIBUTIONS), each.name


def test_a_run_at_the_default_interval_names_none() -> None:
    run = Run("r", "host:1", "l", "r", "o", Path("f"), None)

    assert "--commit-interval-seconds" not in run.arguments()
    assert run._replace(commit_interval_seconds=1.0).arguments()[-2:] == ["--commit-interval-seconds", "1.0"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_peer_imports_nothing_of_ours(program: str) -> None:
    """It runs in an environment that has none of our packages."""
    tree = ast.parse((Path(peers.__path__[0]) / program).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert not {name.split(".")[0] for name in imported} & {"streams", "schemas", "tables", "connectors"}


def test_the_peers_are_pinned_with_hashes() -> None:
    text = PEERS.read_text()

    assert "quixstreams==3.28." in text
    assert text.count("==") <= text.count("--hash=")


def test_the_share_below_which_a_peer_is_void_is_that_of_the_contract() -> None:
    assert VOID_BELOW == 0.8
    assert void_reason(800, 1000, None) is None


OURS_ALONE = ("uvloop", "faust", "prometheus_client", "psycopg")
"""Packages that the peers' environment has not."""


def test_our_own_step_loads_where_only_the_peers_packages_are() -> None:
    installed = set(re.findall(r"^([a-z0-9-]+)==", PEERS.read_text(), re.MULTILINE))
    assert installed.isdisjoint(OURS_ALONE)
    program = f"""
import sys
from unittest.mock import MagicMock
sys.modules |= dict.fromkeys({OURS_ALONE!r})  # importing one fails
sys.modules |= {{name: MagicMock() for name in ("quixstreams", "quixstreams.models", "quixstreams.models.serializers")}}
import streams.bench.step.quix_step
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
