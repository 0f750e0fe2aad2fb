"""The whole of a verification: every shard, every id, then the law."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant, iso
from schemas.registry import HttpRegistry
from schemas.source import Reader
from streams.governance.model import Governance
from streams.inputs import Stage
from streams.look.read import CannotLook, Cluster
from streams.settings import Settings
from streams.topology import stages
from streams.verify import identities, law
from streams.verify.compare import Scope, compare
from streams.verify.deployed import Ends, Place, read_output
from streams.verify.ledger import Deployed, Recomputed
from streams.verify.one_shard import ShardVerifier
from streams.verify.outputs import OUTPUTS, ROWS
from streams.verify.reach import trimmed
from streams.verify.recording import ClusterRecording, Recording
from streams.verify.registry import ReadOnlyRegistry
from streams.verify.report import Report
from streams.verify.rules import rule
from streams.verify.scratch import Scratch, scratch
from streams.verify.start import clocks_apart
from streams.verify.transactions import Transactions
from streams.verify.verified import Verified
from streams.worker import wiring

READ_SECONDS = 3600.0
"""How long a broker may take to deliver one topic."""
Tell = Callable[[str], None]


def verify(
    settings: Settings, governance: Governance, since: Instant | None = None, tell: Tell = lambda text: None
) -> Report:
    """Verify the deployment of these settings. `since`: compare only what was opened, closed, issued or changed then or
    later (microseconds); `tell` is told of the progress. What cannot be read is in the report, as unproven."""
    with closing(Cluster(settings, read_seconds=READ_SECONDS)) as cluster:
        recording = ClusterRecording(
            cluster, Transactions(settings.client), HttpRegistry(settings.registry_url, settings.registry_client)
        )
        return examine(recording, governance, wiring.readers(governance), since, tell).of_a_deployment()


def examine(
    recording: Recording,
    governance: Governance,
    readers: Mapping[str, Reader],
    since: Instant | None = None,
    tell: Tell = lambda text: None,
) -> Report:
    """Verify what was recorded of a deployment."""
    report = Report()
    examination = Examination(recording, governance, readers, since, tell, report)
    try:
        examination.run()
    except CannotLook as problem:
        report.unproven.append(str(problem))
    return report


class Examination:
    def __init__(
        self,
        recording: Recording,
        governance: Governance,
        readers: Mapping[str, Reader],
        since: Instant | None,
        tell: Tell,
        report: Report,
    ) -> None:
        self._recording, self._governance, self._readers = recording, governance, readers
        self._since, self._tell, self._report = since, tell, report
        self._codec = Codec(ReadOnlyRegistry(recording.registry))

    def run(self) -> None:
        with scratch() as space:
            ends: Ends = {topics.CHANGES: self._recording.bounds(topics.CHANGES)}
            rows, told = Recomputed(space.new()), Deployed(space.new())
            found = [self._shard(place, rows, told) for place in self._places()]
            identify = [each for each in found if each.place.stage == "identify"]
            if all(each.whole or each.begun_at is not None for each in identify):
                self._rows(ends, rows, told, [each.begun_at for each in identify])
            else:
                self._report.notes.append("rows told to judge: not compared, as input is gone")
        self._begun(found)
        self._identities()
        self._law(found)

    def _places(self) -> Iterator[Place]:
        reading = stages(self._governance, self._readers)
        single = {stage.name for topic, stage in reading.items() if topic in topics.SINGLE_PARTITION}
        present = {stage.name for stage in reading.values()}
        for stage in (name for name in OUTPUTS if name in present):
            shards = 1 if stage in single else self._governance.partitions
            yield from (Place(stage, partition, shards) for partition in range(shards))

    def _shard(self, place: Place, rows: Recomputed, told: Deployed) -> Verified:
        """A worker at work may have written what its state, read a moment earlier, does not have: where it went on
        meanwhile a difference must stand the test of another look."""
        for last in (False, False, True):
            self._tell(f"{place}: replaying ...")
            before = self._changelog_end(place)
            with scratch() as space:
                found = self._verifier(space).verify(place, rows, told)
            if last or not any(check.differing for check in found.checks) or self._changelog_end(place) == before:
                break
        self._tell(f"{place}: {found.records} records replayed")
        self._report.add(found.checks)
        self._report.unproven += found.unproven
        self._report.notes += found.notes
        if found.aside:
            self._report.notes.append(
                f"{place}: verdicts about {len(found.aside)} customers are too large to be written and wait, here as "
                "there; `driftwise dead-letters list` shows them"
            )
        if found.late:
            self._report.notes.append(
                f"{place}: late evidence about {len(found.late)} customers: what another order of the sources would "
                "have given of them was not compared"
            )
        return found

    def _changelog_end(self, place: Place) -> int:
        return self._recording.bounds(topics.CHANGELOG + place.stage)[place.partition].end

    def _verifier(self, space: Scratch) -> ShardVerifier:
        def fresh(governance: Governance) -> Mapping[str, Stage]:
            return stages(governance, self._readers)

        return ShardVerifier(self._recording, self._codec, self._governance, fresh, space, self._since)

    def _rows(self, ends: Ends, rows: Recomputed, told: Deployed, begun: list[Instant | None]) -> None:
        """Every version of every row of the sources, against what judge was told: nothing lost, nothing invented. What
        was told before the last shard begins, that shard may have told and not recomputed."""
        self._tell("rows told to judge ...")
        self._recording.await_transactions([ROWS.topic])
        known, apart = [at for at in begun if at is not None], clocks_apart(self._governance)
        after = max(known) + apart if known else None
        first = min(known) - apart if len(known) == len(begun) else None
        read_output(self._recording, self._codec, ROWS, Place("identify", 0, 1), ends, told, after)
        rules = {ROWS.sort: rule(ROWS, trimmed=trimmed(self._recording, ROWS.topic, ends[ROWS.topic], first))}
        self._report.add(compare("identify", "", rules, told.since(rows), rows.items(), Scope(self._since)))

    def _begun(self, found: list[Verified]) -> None:
        begun = [each.begun_at for each in found if each.begun_at is not None]
        if begun:
            self._report.notes.append(
                f"the beginning of the input of {len(begun)} of {len(found)} shards is gone: each was replayed from "
                f"its state as of a commit, the oldest at {iso(min(begun))}, the newest at {iso(max(begun))}; what "
                "that state holds is taken as it is"
            )

    def _identities(self) -> None:
        for identity in identities.IDENTITIES:
            self._tell(f"{identity.what} ...")
            with scratch() as space:
                check = identities.check(self._recording, self._codec, identity, space.new())
            self._report.add([check])

    def _law(self, found: list[Verified]) -> None:
        if not all(each.whole for each in found):
            self._report.notes.append("whole topology: not replayed, as input is gone")
            return
        self._tell("whole topology: replaying all sources in another order ...")
        with scratch() as space:
            told = _told(found)
            check = law.check(self._recording, self._codec, self._governance, self._readers, told, space)
        self._report.add([check])


def _told(found: list[Verified]) -> law.Told:
    identify = [each for each in found if each.place.stage == "identify"]
    return law.Told(
        covered={each.place.partition: each.positions for each in identify},
        gates=[each.gates for each in found if each.place.stage == "judge"],
        letters={(t, each.place.partition, o): why for each in identify for (t, o), why in each.letters.items()},
        left_out=frozenset().union(*(each.late | each.aside for each in found)),
        versions=max((each.versions for each in found), key=len),
        mappings=identify[0].first.mappings,
    )
