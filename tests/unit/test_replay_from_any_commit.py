"""Commits fall anywhere, shards crash anywhere and are restored from any of their commits, with the input from its
offsets: the final facts and every id stay what an undisturbed run says (contracts 1 and 5)."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from streams.driver import Driver, Saved
from streams.governance import Governance
from tests.topology import Company
from tests.unit.test_the_law import GOES_AND_COMES_BACK, histories, in_order, inputs, outcome

NOT_CONTENT = ("watermarks",)
"""What a drift says of the moment of its verdict, which a restart may move."""

ONE_INPUT = ("judge", "crosswalk", "fleet")
"""Stages whose input has one order. Identify reads several topics: going back behind outputs that stand, it could take
them in another order and say something else; its commits and their outputs are one transaction, so it never does."""


class Restless:
    """Drives a topology with commits, crashes and restores where chance has them."""

    def __init__(
        self,
        sources: dict[tuple[str, int], list[Any]],
        rng: random.Random,
        stages: tuple[str, ...],
        governed: Governance | None = None,
    ) -> None:
        self.company = Company(governed)
        self._sources = {place: deque(records) for place, records in sources.items()}
        self._rng, self._stages = rng, stages
        self._saved: list[Saved] = []
        self._restores_left = 8
        self.restored = 0

    @property
    def driver(self) -> Driver:
        return self.company.driver

    def act_once(self) -> bool:
        options = self._options()
        if options:
            self._act(self._rng.choice(options))
        return bool(options)

    def run(self) -> Restless:
        while True:
            while self.act_once():
                pass
            self._commit_all()
            if not self._options():
                return self

    def _options(self) -> list[tuple[str, tuple[str, int]]]:
        feeds = [("feed", place) for place, records in self._sources.items() if records]
        return sorted(feeds + [("fold", place) for place, queue in self.driver.queues.items() if queue])

    def _act(self, option: tuple[str, tuple[str, int]]) -> None:
        what, place = option
        if what == "feed":
            raw = self._sources[place].popleft()
            self.driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
        else:
            self.driver.fold(place)
        self._disturb(*self._rng.choice(self._shards()))

    def _disturb(self, stage: str, partition: int) -> None:
        chance = self._rng.random()
        if chance < 0.25:
            self.driver.commit(stage, partition, deadlines=self._rng.choice((1, 2, 256)))
        elif chance < 0.35:
            self.driver.crash(stage, partition)
        elif chance < 0.38 and stage in self._stages:
            self._saved.append(self.driver.saved(stage, partition))
        elif chance < 0.41 and self._saved and self._restores_left:
            self._restores_left -= 1
            self.restored += 1
            self.driver.restore(self._rng.choice(self._saved))

    def _shards(self) -> list[tuple[str, int]]:
        partitions = range(self.company.governance.partitions)
        many = [(stage, partition) for stage in ("identify", "judge") for partition in partitions]
        return [*many, ("crosswalk", 0), ("fleet", 0)]

    def _commit_all(self) -> None:
        for stage, partition in self._shards():
            while self.driver.commit(stage, partition):
                pass


def contents(company: Company) -> dict[str, set[str]]:
    """Id -> everything that was ever said under it: of a command, and of a drift of one customer at one stage. To whom
    a command was issued, and until when it may be performed by that, is none of its content (contracts 7)."""
    found: dict[str, set[str]] = {}
    for command in company.commands():
        found.setdefault(command["command_id"], set()).add(repr({**command, "canonical_id": None, "not_after": None}))
    for written in company.driver.written[topics.DRIFTS]:
        drift = {k: v for k, v in (written.value or {}).items() if k not in NOT_CONTENT}
        said = (drift["drift_id"], drift["canonical_id"], drift["status"], drift["opened_at"])
        found.setdefault(repr(said), set()).add(repr(drift))
    return found


def with_two_contents(*companies: Company) -> dict[str, set[str]]:
    """Not every stage of every life is always said: of two lives of a drift in one partition, an earlier one that is
    settled after the later is not shown. What is said must be the same."""
    said: dict[str, set[str]] = {}
    for company in companies:
        for id_, found in contents(company).items():
            said.setdefault(id_, set()).update(found)
    return {id_: found for id_, found in said.items() if len(found) > 1}


def disturbed(history: Any, seed: int, stages: tuple[str, ...]) -> tuple[Company, Company]:
    sources = inputs(history)
    calm = Restless(sources, random.Random(seed), ()).company
    for records in sources.values():
        for raw in records:
            calm.driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
    calm.driver.run()
    assert outcome(calm) == in_order(sources)
    return calm, Restless(sources, random.Random(seed), stages).run().company


@given(histories(), st.integers(0, 2**32))
def test_commits_and_crashes_anywhere_change_nothing_and_nothing_is_said_twice(history: Any, seed: int) -> None:
    calm, restless = disturbed(history, seed, ())

    assert outcome(restless) == outcome(calm)
    assert with_two_contents(restless, calm) == {}
    assert sorted(map(repr, restless.commands())) == sorted(map(repr, calm.commands()))


@given(histories(), st.integers(0, 2**32))
def test_a_replay_from_any_commit_ends_in_the_same_facts_and_repeats_the_same_ids(history: Any, seed: int) -> None:
    calm, restless = disturbed(history, seed, ONE_INPUT)

    assert outcome(restless) == outcome(calm)
    assert with_two_contents(restless, calm) == {}


def test_the_histories_do_go_back_to_earlier_commits() -> None:
    restless = Restless(inputs(GOES_AND_COMES_BACK), random.Random(1), ("judge",)).run()

    assert restless.restored > 3
