"""The topology, fed with a whole demo run in memory, finds exactly what the demo's own truth says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import settings

from schemas import topics
from schemas.instants import Instant, from_datetime, seconds
from schemas.source import SourceEvent, SourceRow
from streams.demo.cluster import FURTHER, OVERLAY
from streams.demo.flaws import AUTOMATIC
from streams.demo.journal import Entry
from streams.demo.matching import Seen
from streams.demo.scenario import Plan, plan
from streams.demo.score import score
from streams.demo.steps import ENTITIES, Native
from streams.demo.stories import ALL, FIRST, SLA_SECONDS, Story
from streams.demo.truth import expected_drifts
from streams.driver import Driver
from streams.governance import Governance, load
from tests import topology
from tests.unit.ideal_companies import IdealCompanies, on_time, stalls

TODAY = date(2026, 11, 24)
STARTED_AT = from_datetime(datetime(2026, 11, 24, 12, tzinfo=UTC))
SECONDS = 110
HEARD_EVERY_SECONDS = 2
SEEDS = range(10, 10 + max(2, settings().max_examples // 50))
TABLES = {(system, entity): table for (system, table), entity in ENTITIES.items()}
CUSTOMER = {
    "billing": ("account_id",),
    "erp": ("customer_id",),
    "crm": ("AccountId", "Account__c"),
    "processor": ("customer_id",),
    "product": ("customer_id",),
}


def demo_governance(story: Story) -> Governance:
    """As the demo runs under it; only what the story tells is judged."""
    folders = (OVERLAY, FURTHER) if story.further else (OVERLAY,)
    return load(*folders).model_copy(update={"judged": tuple(story.kinds)})


def read(record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent:
    """As the companies of the topology are read, with the version that the journal names."""
    event = topology.read(record, value, headers)
    if not isinstance(event, SourceRow):
        return event
    fields = dict(event.fields)
    return event._replace(native_version=fields.pop("native version") or "", fields=fields)


class Replay:
    """Pipes a journal through the topology, as capture would bring it: in commit order, watermarks behind."""

    def __init__(self, story: Story) -> None:
        self.governance = demo_governance(story)
        self.driver = Driver(self.governance, dict.fromkeys(self.governance.systems, read))
        self._images: dict[tuple[str, str, str], dict[str, Native]] = {}
        self._polls = 0

    def run(self, journal: list[Entry]) -> None:
        ordered = iter(sorted(journal, key=lambda entry: entry.committed_at))
        entry = next(ordered, None)
        self.hear(STARTED_AT - seconds(1))
        for until in (STARTED_AT + seconds(number) for number in range(1, SECONDS, HEARD_EVERY_SECONDS)):
            while entry is not None and entry.committed_at <= until:
                self.row(entry)
                entry = next(ordered, None)
            self.hear(until)
        assert entry is None, "the journal goes on after the replay's end"

    def row(self, entry: Entry) -> None:
        table = TABLES.get((entry.system, entry.entity), entry.entity)
        image = self._images.setdefault((entry.system, table, entry.native_id), {})
        image.update(entry.values)
        names = CUSTOMER[entry.system]
        customer = next((str(image[name]) for name in names if image.get(name)), entry.native_id)
        self._polls += 1
        value = {
            "system": entry.system,
            "object": table,
            "id": entry.native_id,
            "customer": customer,
            "operation": "upsert",
            "modified_at": entry.committed_at,
            "poll": self._polls,
            "snapshot": False,
            "changed_by": entry.by,
            "fields": self.fields(entry.system, table, image) | {"native version": entry.native_version},
        }
        self.driver.pipe(topics.source_topic(entry.system), customer, "PolledRow", value)
        self.driver.run()

    def fields(self, system: str, table: str, image: dict[str, Native]) -> dict[str, str | None]:
        """The whole row as text; columns never written are null."""
        mapped: set[str] = set()
        for source in self.governance.mappings[system][table].attributes.values():
            mapped |= {source} if isinstance(source, str) else set(source.model_dump(exclude={"map"}).values())
        return dict.fromkeys(mapped) | {name: text(v) for name, v in image.items()}

    def hear(self, until: Instant) -> None:
        for system in self.governance.systems:
            topology.hear(self.driver, system, until)
        self.driver.run()

    def seen(self, topic: str) -> list[Seen]:
        return [Seen(0, written.value) for written in self.driver.written[topic]]


def text(value: Native) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def with_clean(planned: Plan, number: int) -> Plan:
    """The same run with fewer clean customers, to be done in seconds."""
    kept = {*planned.faults, *planned.near_misses, *sorted(planned.clean)[:number]}
    return replace(planned, journeys=tuple(j for j in planned.journeys if j.customer in kept))


def replay_and_score(seed: int, *, stalling: bool, story: Story = FIRST):
    slas = {kind: sla for kind, sla in SLA_SECONDS.items() if kind in story.kinds}
    planned = with_clean(plan(seed, TODAY, slas, story=story), 40)
    late = stalls(planned, seed, share=0.5) if stalling else on_time
    journal = IdealCompanies(STARTED_AT + 345_678, seed).run(planned, slas, late)
    truth = expected_drifts(planned, journal, slas, STARTED_AT + seconds(SECONDS - 2))
    replay = Replay(story)
    replay.run(journal)
    assert replay.driver.latest(topics.DEAD_LETTERS) == []
    return truth, score(planned, truth, replay.seen(topics.DRIFTS), replay.seen(topics.AUDIT), {})


def test_the_topology_finds_every_drift_of_a_run_and_no_other():
    truth, result = replay_and_score(1, stalling=False)

    assert result.differences == ()
    assert result.total("detected") == result.total("injected") == len(truth)
    assert result.total("corrected") == sum(drift.kind in AUTOMATIC for drift in truth)
    assert result.unresolved == 0


def test_where_the_companies_stall_the_topology_finds_what_nobody_planned():
    truth, result = replay_and_score(2, stalling=True)

    assert result.differences == ()
    assert result.total("detected") == len(truth)
    assert sum(not drift.planned for drift in truth) > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_topology_finds_every_drift_of_every_kind_and_no_other(seed):
    truth, result = replay_and_score(seed, stalling=seed % 2 == 1, story=ALL)

    assert result.differences == ()
    assert result.total("detected") == len(truth)
    assert {drift.kind for drift in truth} == ALL.injected
