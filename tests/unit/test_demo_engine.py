"""The topology, fed with a whole demo run in memory, finds exactly what the demo's own truth says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest

from schemas import topics
from schemas.instants import Instant, from_datetime, seconds
from schemas.source import SourceEvent, SourceRow
from streams.demo.beyond import BREAKER, DEAD_LETTERED, ONCE, SOURCE_GAP, dealt_with_after
from streams.demo.beyond_truth import Gap, Happened, Letter, drifts_beyond
from streams.demo.cluster import FURTHER, OVERLAY
from streams.demo.flaws import AUTOMATIC, SOURCE_STALE
from streams.demo.journal import Entry
from streams.demo.matching import Seen
from streams.demo.run import mass_of
from streams.demo.scenario import Plan, plan
from streams.demo.score import Score, score
from streams.demo.steps import ENTITIES, Native
from streams.demo.stories import ALL, FIRST, SLA_SECONDS, Story
from streams.demo.truth import ExpectedDrift, expected_drifts
from streams.demo.unreadable import RECORD
from streams.driver import Driver
from streams.governance import Governance, load
from streams.look.letters import Letters, dismiss
from tests import topology
from tests.depth import cases
from tests.unit.ideal_companies import IdealCompanies, on_time, stalls, with_clean

TODAY = date(2026, 11, 24)
STARTED_AT = from_datetime(datetime(2026, 11, 24, 12, tzinfo=UTC))
SECONDS = 160
HEARD_EVERY_SECONDS = 2
GAP_AT_SECONDS = 31
SEEDS = range(10, 10 + cases(2, thorough=5))
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
    """Pipes a journal through the topology, as capture would bring it: in commit order, watermarks behind. What the
    worker's surroundings do is done here: commands are answered, letters dismissed, and a source loses its place."""

    lasts_seconds = SECONDS

    def __init__(self, planned: Plan, performed: dict[tuple[str, str], Instant], driven: type[Driver] = Driver) -> None:
        self.governance = demo_governance(planned.story)
        self.driver = driven(self.governance, dict.fromkeys(self.governance.systems, read), keep=False)
        self.letters: dict[str, Letter] = {}
        self.gaps: list[Gap] = []
        self._performed, self._answered = performed, set[str]()
        self._dealt_with = {
            str(planned.written(f"{customer}/{RECORD}", "id")): dealt_with_after(flaw.timing, SLA_SECONDS[flaw.kind])
            for customer, flaw in (*planned.faults.items(), *planned.near_misses.items())
            if flaw.kind == DEAD_LETTERED
        }
        self._images: dict[tuple[str, str, str], dict[str, Native]] = {}
        self._polls = 0

    def run(self, journal: list[Entry]) -> None:
        ordered = iter(sorted(journal, key=lambda entry: entry.committed_at))
        entry = next(ordered, None)
        self.hear(STARTED_AT - seconds(1))
        for number in range(1, self.lasts_seconds, HEARD_EVERY_SECONDS):
            until = STARTED_AT + seconds(number)
            while entry is not None and entry.committed_at <= until:
                self.row(entry)
                entry = next(ordered, None)
            if number == GAP_AT_SECONDS and self.governance.wants(SOURCE_GAP):
                self.lose("billing", until - seconds(HEARD_EVERY_SECONDS))
            self.hear(until)
            self.answer_commands()
            self.deal_with_letters(until)
        assert entry is None, "the journal goes on after the replay's end"

    def lose(self, system: str, heard_until: Instant) -> None:
        topology.hear(self.driver, system, None, phase="gap")
        self.gaps.append(Gap(system, heard_until))

    def answer_commands(self) -> None:
        """As the executor does, of what the companies' journal says was performed."""
        opened = {
            written.value["drift_id"]: written.value for written in self.driver.written[topics.DRIFTS] if written.value
        }
        for written in self.driver.written[topics.COMMANDS]:
            command = written.value or {}
            drift = opened.get(command["drift_id"], {})
            at = self._performed.get((command["kind"], drift.get("native_id", "")))
            if at is None or command["mode"] != "execute" or command["command_id"] in self._answered:
                continue
            self._answered.add(command["command_id"])
            named = {name: command[name] for name in ("command_id", "drift_id", "type", "target_system")}
            result = {
                **named,
                "status": "applied",
                "reason": "written",
                "native_id": "",
                "attempt": 1,
                "finished_at": at,
            }
            self.driver.pipe(topics.PROGRESS, command["drift_id"], "CommandResult", result, partition=0)
        self.driver.run()

    def deal_with_letters(self, now: Instant) -> None:
        for written in self.driver.written[topics.DEAD_LETTERS]:
            letter = written.value or {}
            if letter["letter_id"] not in self.letters:
                native_id = self.driver.codec.decode(letter["original_value"]).value["id"]
                self.letters[letter["letter_id"]] = Letter(
                    letter["letter_id"], letter["system"], native_id, letter["diverted_at"]
                )
        for letter in list(self.letters.values()):
            after = self._dealt_with.get(letter.native_id)
            if letter.dismissed_at is None and after is not None and now >= letter.written_at + seconds(after):
                self.dismiss(letter, now)

    def dismiss(self, letter: Letter, now: Instant) -> None:
        found = Letters()
        for written in self.driver.written[topics.DEAD_LETTERS]:
            found.add(written.value or {})
        for written in self.driver.written[topics.CHANGES]:
            if written.record == "HoleOpened":
                found.add_hole(written.record, written.value or {}, 0)
        for effect in dismiss(found, self.governance, letter.letter_id, "no document of ours", "demo", now):
            if effect.topic in (topics.CHANGES, topics.PROGRESS):
                self.driver.pipe(
                    effect.topic, effect.key, effect.record, effect.value or {}, partition=effect.partition
                )
        self.driver.run()
        self.letters[letter.letter_id] = letter._replace(dismissed_at=now)

    def row(self, entry: Entry) -> None:
        table = TABLES.get((entry.system, entry.entity), entry.entity)
        image = self._images.setdefault((entry.system, table, entry.native_id), {})
        image.update(entry.values)
        names = CUSTOMER[entry.system]
        customer = next((str(image[name]) for name in names if image.get(name)), entry.native_id)
        self._polls += 1
        self.driver.now_micros = entry.committed_at
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

    def heard(self) -> Iterable[str]:
        """The systems that are captured."""
        return self.governance.systems

    def hear(self, until: Instant) -> None:
        for system in self.heard():
            topology.hear(self.driver, system, until)
            probe = {"system": system, "observed_at": until}
            for partition in range(self.governance.partitions):
                self.driver.pipe(topics.source_topic(system), "", "SourceProbe", probe, partition=partition)
        self.driver.run()

    def seen(self, topic: str) -> list[Seen]:
        return [Seen(0, written.value) for written in self.driver.written[topic]]


def text(value: Native) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class Ran(NamedTuple):
    driver: Driver
    truth: list[ExpectedDrift]
    result: Score


def replay_and_score(seed: int, *, stalling: bool, story: Story = FIRST, driven: type[Driver] = Driver) -> Ran:
    slas = {kind: sla for kind, sla in SLA_SECONDS.items() if kind in story.kinds}
    planned = with_clean(plan(seed, TODAY, slas, story=story), 40)
    late = stalls(planned, seed, share=0.5) if stalling else on_time
    companies, until = IdealCompanies(STARTED_AT + 345_678, seed), STARTED_AT + seconds(SECONDS - 2)
    journal = companies.run(planned, slas, late)
    replay = Replay(planned, companies.performed, driven)
    replay.run(journal)
    truth = expected_drifts(planned, journal, slas, until)
    happened = Happened(tuple(replay.letters.values()), replay.gaps)
    truth = drifts_beyond(planned, journal, truth, slas, happened, mass_of(replay.governance), until)
    assert {letter.native_id for letter in replay.letters.values()} == unreadable(planned)
    result = score(planned, truth, replay.seen(topics.DRIFTS), replay.seen(topics.AUDIT), {})
    return Ran(replay.driver, truth, result)


def finds_every_drift_of_every_kind_and_no_other(run: Ran) -> None:
    _, truth, result = run
    assert result.differences == ()
    assert result.total("detected") == result.total("injected") >= sum(drift.certain for drift in truth)
    assert {drift.kind for drift in truth} == ALL.injected | ONCE - {SOURCE_STALE, BREAKER}


def unreadable(planned: Plan) -> set[str]:
    flawed = (*planned.faults.items(), *planned.near_misses.items())
    return {str(planned.written(f"{c}/{RECORD}", "id")) for c, flaw in flawed if flaw.kind == DEAD_LETTERED}


@pytest.mark.law
def test_the_topology_finds_every_drift_of_a_run_and_no_other():
    _, truth, result = replay_and_score(1, stalling=False)

    assert result.differences == ()
    assert result.total("detected") == result.total("injected") == len(truth)
    assert result.total("corrected") == sum(drift.kind in AUTOMATIC for drift in truth)
    assert result.unresolved == 0


@pytest.mark.law
def test_where_the_companies_stall_the_topology_finds_what_nobody_planned():
    _, truth, result = replay_and_score(2, stalling=True)

    assert result.differences == ()
    assert result.total("detected") == len(truth)
    assert sum(not drift.planned for drift in truth) > 20


@pytest.mark.law
@pytest.mark.parametrize("seed", SEEDS)
def test_the_topology_finds_every_drift_of_every_kind_and_no_other(seed):
    finds_every_drift_of_every_kind_and_no_other(replay_and_score(seed, stalling=seed % 2 == 1, story=ALL))
