"""One shard of a deployment, verified: its input replayed up to its last commit, facts compared.

It is replayed from its beginning; where retention took that, from a commit whose state the changelog still tells
(`start`), and what that state holds is taken as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant, seconds
from streams.governance.model import Governance
from streams.identify import mappings
from streams.inputs import Stage
from streams.judge.published import first_of, history
from streams.shard import Shard, State
from streams.verify import beside
from streams.verify.aside import Leaving, customers, put_aside
from streams.verify.beside import Sides
from streams.verify.compare import Scope
from streams.verify.deployed import Ends, Held, Place, read_letters, read_output, read_state
from streams.verify.ledger import Deployed, Recomputed
from streams.verify.outputs import OUTPUTS, ROWS
from streams.verify.reach import Gone, ahead, gone, reached, recreated, told, trimmed
from streams.verify.recording import Recording, interleaved
from streams.verify.replay import Replay
from streams.verify.scratch import Scratch
from streams.verify.start import Search, Start, clocks_apart
from streams.verify.verified import Verified
from tables.view import Emit, Workspace


class ShardVerifier:
    """Verifies shards of one deployment. `stages` makes fresh ones: input topic -> stage."""

    def __init__(
        self,
        recording: Recording,
        codec: Codec,
        governance: Governance,
        stages: Callable[[Governance], Mapping[str, Stage]],
        scratch: Scratch,
        since: Instant | None,
    ) -> None:
        self._recording, self._codec, self._governance, self._stages = recording, codec, governance, stages
        self._new, self._since = scratch.new, since
        self._apart = clocks_apart(governance)

    def verify(self, place: Place, rows: Recomputed, owed: Deployed) -> Verified:
        """`rows` receives what identify tells judge of rows, `owed` what its last commit still had to tell of them."""
        ends = {output.topic: self._recording.bounds(output.topic) for output in OUTPUTS[place.stage]}
        # What was said before those ends is in the state, and what the state knows was said can be read.
        self._recording.await_transactions([topics.CHANGELOG + place.stage])
        lost = gone(self._recording, place, self._inputs(place.stage))
        search = self._search(lost)
        held = read_state(self._recording, place, self._new(), search if lost else None)
        self._recording.await_transactions({*ends, *ahead(self._recording, place, held.positions)})
        first = self._first(place, held)
        found = Verified(place, held.positions, first, list(recreated(self._recording, place, held.positions)))
        found.versions = history(Workspace(held.state))
        found.letters = read_letters(self._recording, self._codec, place)
        if found.unproven:
            return found
        found.whole = not lost
        start = search.found if lost else Start(self._new(), {})
        if start is not None:
            self._since_start(found, ends, held, start, rows, owed)
        if not found.whole and not self._covers(start):
            self._rest(found, ends, held, lost)
        return found

    # -- how far

    def _search(self, lost: list[Gone]) -> Search:
        until = None if self._since is None else self._since - self._apart
        return Search(lambda positions: reached(lost, positions), until, self._new(), self._new())

    def _covers(self, start: Start | None) -> bool:
        """Whether all that is asked for came after it: an instant is judged after it has passed."""
        if start is None or start.at is None or self._since is None:
            return False
        return start.at <= self._since - self._apart

    def _since_start(
        self, found: Verified, ends: Ends, held: Held, start: Start, rows: Recomputed, owed: Deployed
    ) -> None:
        place, made = found.place, Recomputed(self._new())
        replay = self._replay(found, held, start, made, rows)
        found.begun_at, found.late = start.at, frozenset(replay.late)
        found.gates = dict(replay.shard.stage.gates(Workspace(replay.shard.state)))
        cut = self._cut(ends, None if start.at is None else start.at - self._apart)
        said = self._said(place, ends, held, owed, None if start.at is None else start.at + self._apart)
        sides = Sides(held.state, replay.shard.state, said, made, cut, start.touched)
        scope = Scope(self._since, found.late & found.aside)
        found.checks += beside.of_state(place, sides, scope)
        found.checks += beside.of_outputs(place, sides, scope, modes=not replay.anyones_hole)
        found.notes += _notes(place, cut, replay)

    def _rest(self, found: Verified, ends: Ends, held: Held, lost: list[Gone]) -> None:
        """What the rest of the input tells by itself, from no state at all."""
        place, made = found.place, Recomputed(self._new())
        observed_by = self._observed_by(lost) if place.stage == "fleet" else None
        if observed_by is None or self._since is None or self._since < observed_by:
            found.unproven += told(place, lost, found.begun_at)
        replay = self._replay(found, held, Start(self._new(), {}), made, None)
        if observed_by is not None:
            scope = Scope(max(observed_by, self._since or observed_by))
            said = self._said(place, ends, held, Deployed(self._new()))
            sides = Sides(held.state, replay.shard.state, said, made, self._cut(ends), None)
            found.checks += beside.of_outputs(place, sides, scope)
        if place.stage == "identify" and mappings.were_published(held.state):
            found.notes.append(f"{place}: newest row images: not compared, the input that is gone may say how to read")
            return
        found.checks += beside.of_newest(place, held.state, replay.shard.state, self._since)

    def _observed_by(self, lost: list[Gone]) -> Instant | None:
        """From when on staleness is known although earlier observations are gone: every source was observed in every
        partition by then, and only the last observation counts. None: no input is held."""
        if not all(each.begins_at for each in lost):
            return None
        limits = [system.stale_after_seconds for system in self._governance.systems.values()]
        return max(each.begins_at for each in lost) + 2 * seconds(max(limits, default=0))

    # -- the two sides

    def _replay(self, found: Verified, held: Held, start: Start, made: Recomputed, rows: Recomputed | None) -> Replay:
        place = found.place
        outputs = [(output, made) for output in OUTPUTS[place.stage]]
        outputs += [(ROWS, rows)] if place.stage == "identify" and rows is not None else []

        def hear(effect: Emit) -> None:
            for output, ledger in outputs:
                if effect.topic == output.topic:
                    record, key, value = self._as_read(effect)
                    ledger.add(output, record, output.key(key, self._partition_of(effect)), value)

        aside = put_aside(held.state) if place.stage == "judge" else {}
        found.aside = customers(aside)
        shard = Shard(Leaving(self._stage(place, found.first), aside), place.partition, start.state)
        replay = Replay(shard, self._codec, found.letters, hear)
        replay.run(interleaved(self._recording, place.partition, held.positions, start.positions))
        found.records += replay.records
        return replay

    def _first(self, place: Place, held: Held) -> Governance:
        """The governance by which the shard worked before anything was published to it."""
        if place.stage == "identify":
            return mappings.first_of(held.state, self._governance)
        return first_of(Workspace(held.state), self._governance)

    def _said(self, place: Place, ends: Ends, held: Held, owed: Deployed, after: Instant | None = None) -> Deployed:
        """What its topics hold; and what its last commit still owed: what releases much takes several commits, and the
        worker may have been stopped between two."""
        said = Deployed(self._new())
        for output in OUTPUTS[place.stage]:
            read_output(self._recording, self._codec, output, place, ends, said, after)
        shard = self._shard(place, held.state, self._governance)
        while shard.has_due():
            self._owed(place, shard.settle() + shard.flush(), said, owed)
        return said

    def _owed(self, place: Place, effects: Iterable[Emit], said: Deployed, owed: Deployed) -> None:
        ledgers = [(output, said) for output in OUTPUTS[place.stage]] + [(ROWS, owed)]
        for effect in effects:
            for output, ledger in ledgers:
                if effect.topic == output.topic:
                    ledger.add(output, *self._as_read(effect), None, "later")

    def _cut(self, ends: Ends, after: Instant | None = None) -> frozenset[str]:
        return frozenset(topic for topic, bounds in ends.items() if trimmed(self._recording, topic, bounds, after))

    # -- means

    def _inputs(self, stage: str) -> list[str]:
        return [topic for topic, reader in self._stages(self._governance).items() if reader.name == stage]

    def _shard(self, place: Place, state: State, governance: Governance) -> Shard:
        return Shard(self._stage(place, governance), place.partition, state)

    def _stage(self, place: Place, governance: Governance) -> Stage:
        return next(stage for stage in self._stages(governance).values() if stage.name == place.stage)

    def _partition_of(self, effect: Emit) -> int:
        if effect.partition is not None:
            return effect.partition
        return topics.partition_for(effect.partition_key or effect.key, self._governance.partitions)

    def _as_read(self, effect: Emit) -> tuple[str, str, dict[str, object] | None]:
        """Record, key and value of an effect, as a reader of its topic gets them."""
        if effect.value is None:
            return "", effect.key, None
        record, value = self._codec.decode(self._codec.encode(effect.topic, effect.record, effect.value))
        return record, effect.key, value


def _notes(place: Place, cut: frozenset[str], replay: Replay) -> Iterator[str]:
    for topic in sorted(cut):
        yield f"{place}: the oldest records of {topic} are gone: whether one is missing there cannot be told"
    if replay.anyones_hole:
        yield f"{place}: whether a correction was asked for or proposed was not compared: anyone's evidence was missing"
