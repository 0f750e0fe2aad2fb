"""`bench state` at tiny sizes: every population works, and the document has what the reach is read from."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from streams.bench.state import run
from streams.bench.table import Bench, Java

pytestmark = pytest.mark.law


def no_broker() -> AbstractContextManager[str]:
    raise AssertionError("bench state needs no broker")


def no_java() -> Java:
    raise AssertionError("bench state needs no Java")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("bench")
    return run(Bench(folder, lambda line: None, no_broker, no_java, rounds=2, quick=True))


def test_every_population_works_in_every_round(document: dict[str, Any]):
    worked = {(row["round"], row["population"]) for row in document["rounds"]}

    assert len(worked) == len(document["rounds"]) == 2 * 4
    assert all(0 < row["microseconds"] < 1e6 for row in document["rounds"])
    assert all(row["read_mib"] >= 0 for row in document["rounds"])


def test_the_ratios_are_those_of_the_medians(document: dict[str, Any]):
    cost = document["microseconds"]

    assert document["ratio_customers"] == pytest.approx(cost["customers_many"] / cost["customers_few"], abs=1e-3)
    assert document["ratio_documents"] == pytest.approx(cost["documents_many"] / cost["documents_few"], abs=1e-3)


def test_the_resident_memory_is_that_of_the_many_customers(document: dict[str, Any]):
    assert 0.01 < document["resident_gib"] < 4
    assert document["machine"]["cores"] >= 1
