"""The events of the join job."""

from __future__ import annotations

import io
from collections import Counter
from functools import cache

import fastavro
import pytest

from streams.bench.workload import DISTRIBUTIONS, SIDE, VALUE_BYTES, Event, Size, Workload, header, key

SMALL = Size(events=20_000, keys=1_000)


@cache
def made(distribution: str, seed: int = 1) -> tuple[Workload, list[Event]]:
    workload = Workload(distribution, SMALL, seed)
    return workload, list(workload.events())


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_every_value_has_200_bytes_of_avro_in_the_wire_format(distribution: str) -> None:
    _, events = made(distribution)
    parsed = fastavro.parse_schema(SIDE)

    assert {len(event.value) for event in events} == {VALUE_BYTES}
    for event in events[::500]:
        assert event.value[:5] == header(SIDE)
        value = fastavro.schemaless_reader(io.BytesIO(event.value[5:]), parsed, None)
        assert isinstance(value, dict)
        assert value["id"] == event.key


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_same_seed_makes_the_same_events(distribution: str) -> None:
    assert made(distribution)[1] == list(Workload(distribution, SMALL).events())
    assert made(distribution)[1] != made(distribution, seed=2)[1]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_amounts_count_the_events_of_a_side_and_key(distribution: str) -> None:
    workload, events = made(distribution)
    parsed = fastavro.parse_schema(SIDE)
    seen: Counter[tuple[int, str]] = Counter()
    for event in events:
        seen[event.side, event.key] += 1
        value = fastavro.schemaless_reader(io.BytesIO(event.value[5:]), parsed, None)
        assert isinstance(value, dict)
        assert value["amount"] == seen[event.side, event.key]

    assert all(workload.total(name) == (seen[0, name], seen[1, name]) for name in map(key, range(SMALL.keys)))


def test_uniform_keys_come_about_equally_often() -> None:
    counts = Counter(event.key for event in made("uniform")[1])

    assert max(counts.values()) < 3 * SMALL.events / SMALL.keys


def test_zipf_keys_come_as_often_as_their_rank_says() -> None:
    """With exponent 1 over 1,000 keys the first has a share of 1 / 7.485, the second half of that, and so on."""
    ranked = [count for _, count in Counter(event.key for event in made("zipf")[1]).most_common()]

    assert ranked[0] == pytest.approx(SMALL.events / 7.485, rel=0.1)
    assert ranked[1] == pytest.approx(ranked[0] / 2, rel=0.15)
    assert ranked[9] == pytest.approx(ranked[0] / 10, rel=0.25)


def test_frequent_keys_are_spread_over_the_key_space() -> None:
    frequent = [int(name[1:]) for name, _ in Counter(event.key for event in made("zipf")[1]).most_common(5)]

    assert min(abs(a - b) for a in frequent for b in frequent if a != b) > 10
