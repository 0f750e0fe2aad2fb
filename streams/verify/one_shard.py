"""One shard of a deployment, verified: its input replayed up to its last commit, facts compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant, seconds
from streams.governance.model import Governance
from streams.inputs import Stage
from streams.judge.published import Version, first_of, history
from streams.shard import Shard, State
from streams.verify import indexes
from streams.verify.aside import customers, leave, put_aside
from streams.verify.compare import Fact, Rule, Scope, compare
from streams.verify.deployed import Ends, Held, Place, read_letters, read_output, read_state
from streams.verify.ledger import Deployed, Recomputed
from streams.verify.outputs import OUTPUTS, ROWS
from streams.verify.reach import Reach, reach, trimmed
from streams.verify.recording import Recording, interleaved
from streams.verify.replay import Refused, Replay
from streams.verify.report import Check
from streams.verify.rules import rule
from streams.verify.scratch import Scratch
from streams.verify.state_facts import PART_OF_STATE, STATE, plain_state
from tables.view import Emit, Workspace


@dataclass
class Verified:
    """What came of one shard."""

    place: Place
    positions: Mapping[str, int]
    """Topic -> where its last commit stands."""
    checks: list[Check] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    whole: bool = True
    """All of its input could be read."""
    late: frozenset[str] = frozenset()
    aside: frozenset[str] = frozenset()
    """Customers with a verdict that was put aside."""
    versions: list[Version] = field(default_factory=list)
    """Of governance, as judge was told; the first is that of before."""
    gates: dict[tuple[str, ...], Instant] = field(default_factory=dict)
    """Up to when the shard has given its verdicts."""
    letters: Mapping[tuple[str, int], Refused] = field(default_factory=dict)
    """(topic, offset) -> why the shard refused that record."""
    records: int = 0


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

    def verify(self, place: Place, rows: Recomputed) -> Verified:
        """`rows` receives what identify tells judge of rows."""
        ends = {output.topic: self._recording.bounds(output.topic) for output in OUTPUTS[place.stage]}
        # What was said before those ends is in the state, and what the state knows was said can be read.
        self._recording.await_transactions([topics.CHANGELOG + place.stage])
        held = read_state(self._recording, place, self._new())
        self._recording.await_transactions(ends)
        covered = reach(self._recording, place, self._inputs(place.stage), held.positions)
        found = Verified(place, held.positions, unproven=covered.unproven, whole=covered.whole)
        if place.stage == "fleet" and self._since is not None and self._since >= self._observed_by(covered):
            found.unproven = []  # staleness forgets: what came before makes no difference to what is asked for
        made = Recomputed(self._new())
        found.versions = history(Workspace(held.state))
        found.letters = read_letters(self._recording, self._codec, place)
        replay = self._replay(found, held, made, rows)
        found.late, found.records = frozenset(replay.late), replay.records
        found.gates = dict(replay.shard.stage.gates(Workspace(replay.shard.state)))
        if covered.whole:
            said = self._said(place, ends, held)
            found.checks = self._compare(place, ends, held, replay, said, made)
            found.notes = list(_notes(place, ends, replay))
        elif covered.begins_at is not None:
            found.checks = self._compare_part(place, covered, ends, held, replay, made)
        return found

    # -- the two sides

    def _replay(self, found: Verified, held: Held, made: Recomputed, rows: Recomputed) -> Replay:
        place = found.place
        outputs = [(output, made) for output in OUTPUTS[place.stage]]
        outputs += [(ROWS, rows)] if place.stage == "identify" else []

        def hear(effect: Emit) -> None:
            for output, ledger in outputs:
                if effect.topic == output.topic:
                    ledger.add(output, *self._as_read(effect))

        shard = self._shard(place, self._new(), first_of(Workspace(held.state), self._governance))
        if place.stage == "judge":
            aside = put_aside(held.state)
            leave(shard.stage, aside)
            found.aside = customers(aside)
        replay = Replay(shard, self._codec, self._governance, found.letters, hear)
        replay.run(interleaved(self._recording, place.partition, held.positions))
        return replay

    def _said(self, place: Place, ends: Ends, held: Held) -> Deployed:
        """What its topics hold; and what its last commit still owed: a watermark that releases much takes several
        commits, and the worker may have been stopped between two."""
        said = Deployed(self._new())
        for output in OUTPUTS[place.stage]:
            read_output(self._recording, self._codec, output, place, ends, said)
        shard = self._shard(place, held.state, self._governance)
        while shard.has_due():
            self._owed(place, shard.settle() + shard.flush(), said)
        return said

    def _owed(self, place: Place, effects: Iterable[Emit], said: Deployed) -> None:
        for effect in effects:
            for output in OUTPUTS[place.stage]:
                if effect.topic == output.topic:
                    said.add(output, *self._as_read(effect), None, sure=False)

    # -- side by side

    def _compare(
        self, place: Place, ends: Ends, held: Held, replay: Replay, said: Deployed, made: Recomputed
    ) -> list[Check]:
        scope = Scope(self._since, frozenset(replay.late))
        states = plain_state(held.state.items()), plain_state(replay.shard.state.items())
        checks = compare(place.stage, str(place), STATE[place.stage], *states, scope)
        checks += _outputs(place, ends, said, made, scope, modes=not replay.anyones_hole)
        if place.stage == "judge":
            checks.append(indexes.check(str(place), held.state))
        return checks

    def _compare_part(
        self, place: Place, covered: Reach, ends: Ends, held: Held, replay: Replay, made: Recomputed
    ) -> list[Check]:
        """Of what a part of the input makes, what does not depend on the part that is gone."""
        if place.stage == "fleet":
            begins = self._observed_by(covered)
            scope = Scope(max(begins, self._since or begins))
            return _outputs(place, ends, self._said(place, ends, held), made, scope)
        rules = PART_OF_STATE.get(place.stage, {})
        recomputed = replay.shard.state.items
        known = ((key, held.state.get(key)) for key, _ in _of_sorts(rules, recomputed()))
        deployed = ((key, value) for key, value in known if value is not None)
        return compare(place.stage, str(place), rules, deployed, _of_sorts(rules, recomputed()), Scope(self._since))

    def _observed_by(self, covered: Reach) -> Instant:
        """By then every source was observed in every partition, and only the last observation counts."""
        limits = [system.stale_after_seconds for system in self._governance.systems.values()]
        return (covered.begins_at or 0) + 2 * seconds(max(limits, default=0))

    # -- means

    def _inputs(self, stage: str) -> list[str]:
        return [topic for topic, reader in self._stages(self._governance).items() if reader.name == stage]

    def _shard(self, place: Place, state: State, governance: Governance) -> Shard:
        stage = next(stage for stage in self._stages(governance).values() if stage.name == place.stage)
        return Shard(stage, place.partition, state)

    def _as_read(self, effect: Emit) -> tuple[str, str, dict[str, object] | None]:
        """Record, key and value of an effect, as a reader of its topic gets them."""
        if effect.value is None:
            return "", effect.key, None
        record, value = self._codec.decode(self._codec.encode(effect.topic, effect.record, effect.value))
        return record, effect.key, value


def _of_sorts(rules: Mapping[str, Rule | None], items: Iterable[tuple[str, Fact]]) -> Iterator[tuple[str, Fact]]:
    return ((key, value) for key, value in items if key.partition("/")[0] in rules)


def _notes(place: Place, ends: Ends, replay: Replay) -> Iterator[str]:
    for topic, bounds in ends.items():
        if trimmed(topic, bounds):
            yield f"{place}: the oldest records of {topic} are gone: whether one is missing there cannot be told"
    if replay.anyones_hole:
        yield f"{place}: whether a correction was asked for or proposed was not compared: anyone's evidence was missing"


def _outputs(
    place: Place, ends: Ends, said: Deployed, made: Recomputed, scope: Scope, *, modes: bool = True
) -> list[Check]:
    rules = {
        output.sort: rule(output, modes=modes, trimmed=trimmed(output.topic, ends[output.topic]))
        for output in OUTPUTS[place.stage]
    }
    return compare(place.stage, str(place), rules, said.items(), made.items(), scope)
