"""A backtest's state in memory gives what any other view gives."""

from __future__ import annotations

import random

from streams.backtest.stores import PlainView
from tables.view import MemoryView

KEYS = [f"{family}/{customer}/{number}" for family in "eor" for customer in "ab" for number in range(9)]
PREFIXES = ["e/", "e/a/", "o/b/", "o/b/3", "r/c/"]


def test_what_was_written_is_found_by_key_and_in_order_whenever_a_range_was_first_asked_for() -> None:
    rng = random.Random(1)
    plain, other = PlainView(), MemoryView()

    for _ in range(400):
        writes = {key: rng.choice(({"n": rng.random()}, None)) for key in rng.sample(KEYS, 3)}
        plain.apply(writes)
        other.apply(writes)
        prefix, limit, after = rng.choice(PREFIXES), rng.randint(1, 9), rng.choice(("", *KEYS))

        assert plain.range(prefix, limit, after) == other.range(prefix, limit, after)
        assert [plain.get(key) for key in KEYS] == [other.get(key) for key in KEYS]
        assert list(plain.items()) == list(other.items())
