"""The fleet stage: a source that has fallen silent, told apart from our own lag."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.fleet import Fleet
from streams.fleet.stale import KIND
from streams.fleet.table import CLOCK
from streams.governance import Governance
from streams.inputs import Divert, Input
from streams.shard import Shard
from tables.view import MemoryView, Workspace
from tests.topology import governance, seconds_of

LIMIT_SECONDS = 5  # of the test's governance


class Observations:
    """Feeds the stage with what each partition of a source was last heard to be; times are seconds."""

    def __init__(self, governed: Governance | None = None) -> None:
        self.view = MemoryView()
        self.shard = Shard(Fleet(governed or governance()), 0, self.view)
        self.drifts: list[dict[str, Any]] = []

    def observe(self, at: float, mark: float | None, partition: int = 0, system: str = "erp") -> list[str]:
        """The status of what this observation makes the stage publish."""
        value = {
            "system": system,
            "partition": partition,
            "observed_at": round(at * SECOND),
            "watermark": None if mark is None else round(mark * SECOND),
        }
        effects = self.shard.process(Input(topics.PROGRESS, 0, 0, system, "SourceObserved", value, {}))
        published = [e.value for e in effects if e.value]
        self.drifts += published
        return [drift["status"] for drift in published]


@pytest.fixture
def fleet() -> Observations:
    return Observations()


def test_a_source_within_its_limit_is_not_stale(fleet: Observations) -> None:
    assert fleet.observe(LIMIT_SECONDS + 1, mark=1) == []


def test_a_source_beyond_its_limit_opens_as_of_the_limit(fleet: Observations) -> None:
    assert fleet.observe(60, mark=1) == ["open"]

    (drift,) = fleet.drifts
    assert (drift["kind"], drift["entity"], drift["native_id"]) == (KIND, "source", "erp")
    assert drift["canonical_id"] == "system:erp"
    assert (seconds_of(drift["triggered_at"]), seconds_of(drift["opened_at"])) == (1, 1 + LIMIT_SECONDS)
    assert (drift["mode"], drift["command_id"]) == ("execute", None), "governed, but there is nothing to command"


def test_a_stale_source_is_told_once(fleet: Observations) -> None:
    fleet.observe(60, mark=1)

    assert fleet.observe(70, mark=1) == []
    assert fleet.observe(70, mark=1, partition=1) == []


def test_it_closes_at_the_first_observation_that_finds_it_young(fleet: Observations) -> None:
    fleet.observe(60, mark=1)

    assert fleet.observe(61, mark=60) == ["closed"]
    closed = fleet.drifts[-1]
    assert (seconds_of(closed["closed_at"]), closed["how"]) == (61, "self_healed")
    assert closed["drift_id"] == fleet.drifts[0]["drift_id"]


def test_one_silent_partition_makes_the_source_stale(fleet: Observations) -> None:
    fleet.observe(60, mark=59, partition=0)
    assert fleet.observe(60, mark=1, partition=1) == ["open"]

    assert fleet.observe(61, mark=60, partition=0) == []
    assert fleet.observe(61, mark=60, partition=1) == ["closed"]


def test_where_it_was_not_judged_before_it_is_as_old_as_its_most_silent_partition(fleet: Observations) -> None:
    marks = {"0": [60 * SECOND, 2 * SECOND], "1": [60 * SECOND, SECOND], "2": [60 * SECOND, 3 * SECOND]}
    fleet.view.apply({"s/erp": {"observed": marks, "drift": None}})

    assert fleet.observe(60, mark=2) == ["open"]
    assert seconds_of(fleet.drifts[0]["triggered_at"]) == 1


def test_a_second_silence_is_a_drift_of_its_own(fleet: Observations) -> None:
    fleet.observe(60, mark=1)
    fleet.observe(61, mark=60)

    assert fleet.observe(90, mark=60) == ["open"]
    assert len({drift["drift_id"] for drift in fleet.drifts}) == 2


def test_before_its_first_snapshot_is_complete_nothing_is_stale(fleet: Observations) -> None:
    assert fleet.observe(10_000, mark=None) == []
    assert [key for key, _ in fleet.view.items() if key != CLOCK] == []


def test_each_source_has_a_silence_of_its_own(fleet: Observations) -> None:
    fleet.observe(60, mark=1, system="erp")

    assert fleet.observe(60, mark=59, system="crm") == []
    assert fleet.observe(60, mark=1, system="billing") == ["open"]


def test_a_system_that_is_governed_no_more_is_ignored(fleet: Observations) -> None:
    assert fleet.observe(60, mark=1, system="retired") == []


def test_where_the_kind_is_not_judged_a_silent_source_raises_nothing() -> None:
    fleet = Observations(governance().model_copy(update={"judged": ("invoice_not_posted",)}))

    assert fleet.observe(LIMIT_SECONDS + 2, mark=1) == []


def test_an_open_silence_survives_a_restart(fleet: Observations) -> None:
    fleet.observe(60, mark=1)
    fleet.shard = Shard(Fleet(governance()), 0, fleet.view)

    assert fleet.observe(61, mark=1) == []
    assert fleet.observe(62, mark=61) == ["closed"]


def test_a_replay_of_the_same_observations_opens_the_same_drift(fleet: Observations) -> None:
    again = Observations()
    for observations in (fleet, again):
        observations.observe(60, mark=1)
        observations.observe(61, mark=60)

    assert fleet.drifts == again.drifts


def test_a_record_of_another_kind_is_diverted() -> None:
    strange = Input(topics.PROGRESS, 0, 0, "", "Drift", {}, {})

    with pytest.raises(Divert, match="carries no Drift"):
        Fleet(governance()).step(Workspace(MemoryView()), 0, strange)
