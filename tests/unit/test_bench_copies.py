"""Copies of template customers are what the real step makes of copied changes, in the order that a store wants."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from streams.bench.state import copies
from streams.bench.state.population import Events, Population, build
from streams.bench.state.templates import FIRST_NUMBER, Template, judged, templates
from streams.bench.step.log import codec, governance
from tables.state import RocksState

MANY = 123_456


@cache
def made() -> list[Template]:
    return templates(governance(), 3)


@pytest.mark.parametrize("which", range(3))
def test_a_copy_is_what_the_real_step_makes_of_its_changes(which: int):
    rewrite = copies.customer(made()[which], MANY)
    changes = [(rewrite(key), rewrite(value)) for key, value in made()[which].changes]

    copied = tuple((rewrite(key), rewrite(value)) for key, value in made()[which].state)

    assert copied == judged(governance(), changes)


def test_nothing_of_the_template_is_left_in_a_copy_but_its_crm_documents():
    template = made()[0]
    rewrite = copies.customer(template, MANY)

    assert not [key for key, _ in template.state if template.account in rewrite(key)]
    assert not [key for key, _ in template.state if copies.marked(template.number) in rewrite(key)]


def test_copies_come_in_key_order_each_key_once():
    keys = [key for key, _ in copies.in_key_order(made(), range(50))]

    assert all(before < after for before, after in pairwise(keys))
    assert len(keys) == sum(len(made()[index % 3].state) for index in range(50))


def test_a_store_is_filled_with_all_documents_of_a_customer(tmp_path: Path):
    build(Population(1, 30), made(), tmp_path / "judge-0", 0, 4)

    state = RocksState(tmp_path / "judge-0")
    account = copies.account(0).decode()
    assert len(state.range(f"e/crm:{account}/invoice/", 100)) == 30
    assert len(state.range(f"e/crm:{account}/ledger_posting/", 100)) == 30
    assert len(state.range(f"e/crm:{account}/customer/", 100)) == 3
    state.close()


@pytest.mark.parametrize("population", [Population(20), Population(1, 9), Population(4, 3)])
def test_changes_are_new_versions_of_records_that_the_population_has(population: Population, tmp_path: Path):
    partitions = population.shards(4)
    for partition in range(partitions):
        build(population, made(), tmp_path / f"judge-{partition}", partition, partitions)
    stores = [RocksState(tmp_path / f"judge-{partition}") for partition in range(partitions)]
    decode = codec().decode

    for shard, waiting in Events(population, made()).batch(100).items():
        for _, value in (decode(data) for key, data in waiting if key):
            prefix = f"e/{value['canonical_id']}/"
            held = [key for key, _ in stores[shard].range(prefix, 1000) if key.endswith(f"/{value['native_id']}")]
            assert len(held) >= 1
    for store in stores:
        store.close()


def test_numbers_of_copies_have_one_length():
    assert len(str(FIRST_NUMBER)) == len(str(FIRST_NUMBER + 999_999))
