"""The law, checked on a deployment (contracts 5): all sources once more through the whole topology, in another order
among each other, must give the same lives of drifts and the same command ids.

A verdict is final once every watermark it needs has passed its instant, so lives are compared up to the instant that
both sides have passed: a deployment that is behind, or still at work, can be checked like one that stands still."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from schemas import topics
from schemas.codec import Codec
from schemas.instants import NEVER, Instant
from schemas.source import Reader
from streams.driver import Driver, Take
from streams.governance.mapping import SystemMapping
from streams.governance.model import Governance
from streams.intake import take_in
from streams.judge.lives import forgotten_at
from streams.judge.published import Version, decided_by, read
from streams.judge.retention import AWAITS
from streams.kinds.documents import LOOKING
from streams.letters import Raw
from streams.shard import Shard, State
from streams.verify.compare import Fact, apart, outer_join
from streams.verify.outputs import OF_OTHERS, Value, plain
from streams.verify.recording import Recording, decoded, up_to
from streams.verify.replay import Refused, late_by
from streams.verify.report import Check
from streams.verify.scratch import Scratch
from tables.deadlines import LAST
from tables.view import Emit, Workspace

FEED = 500
"""Records that go in between two rounds of the whole topology."""
COMMIT = 20
"""Records of one partition in a commit."""
Gates = Mapping[tuple[str, ...], Instant]
_LIFE = ("canonical_id", "opened_at", "closed_at", "how", "command_id")


@dataclass
class Told:
    """What is known of the deployment when the law is checked."""

    covered: Mapping[int, Mapping[str, int]]
    """Partition -> source topic -> up to which offset identify has read it."""
    gates: list[Gates]
    """For each shard of judge, up to when it has given its verdicts."""
    letters: Mapping[tuple[str, int, int], Refused]
    """(topic, partition, offset) -> why that record was refused."""
    left_out: frozenset[str]
    """Customers with late evidence, or a verdict that waits: not compared. So are those for whom it is late there."""
    versions: list[Version]
    """Published governance versions, as judge was told them."""
    mappings: Mapping[str, SystemMapping]
    """How rows were read before anything was published."""


def check(
    recording: Recording,
    codec: Codec,
    governance: Governance,
    readers: Mapping[str, Reader],
    told: Told,
    scratch: Scratch,
) -> Check:
    governed = [(at, published_at, decided_by(governance, read(text))) for at, published_at, text in told.versions]
    first = (governed[0][2] if governed else governance).model_copy(update={"mappings": told.mappings})
    late = set(told.left_out)
    driver = _OfRecorded(first, readers, keep=False, states=scratch.new, take=_refusing(told.letters, late))
    driver.codec = codec
    for at, published_at, version in governed[1:]:
        driver.publish(version, at, published_at)
    made, held = scratch.new(), scratch.new()
    for raws in _batches(recording, told):
        for raw in raws:
            driver.feed(raw)
        _run(driver)
        _keep(made, ((w.partition, w.key, w.value) for w in driver.read(topics.DRIFTS)))
        driver.written.clear()
    for partition in recording.bounds(topics.DRIFTS):
        found = decoded(recording, codec, topics.DRIFTS, partition)
        _keep(held, ((partition, (raw.key or b"").decode(), value) for raw, _, value in found))
    return _compare(held, made, governance, _passed([*told.gates, *_gates(driver, governance)]), late)


class _OfRecorded(Driver):
    """What the topology writes into the sources' topics is among what was recorded of them."""

    def _deliver(self, effects: list[Emit]) -> None:
        super()._deliver([effect for effect in effects if not topics.is_source(effect.topic)])


def _batches(recording: Recording, told: Told) -> Iterator[list[Raw]]:
    """All source records: one source after the other, the most junior first, and one partition after the other."""
    sources = sorted({topic for ends in told.covered.values() for topic in ends if topic != topics.CROSSWALK})
    for topic in reversed(sources):
        for partition, ends in told.covered.items():
            records = up_to(recording, topic, partition, ends.get(topic, 0))
            while batch := list(islice(records, FEED)):
                yield batch


def _run(driver: Driver) -> None:
    """Until nothing is left to do, some records a commit."""
    while waiting := [place for place, queue in driver.queues.items() if queue]:
        for place in waiting:
            for _ in range(min(COMMIT, len(driver.queues[place]))):
                driver.fold(place)
            while driver.commit(driver.stage_of(place[0]), place[1]):
                pass


def _refusing(letters: Mapping[tuple[str, int, int], Refused], late: set[str]) -> Take:
    """`late` receives for whom evidence was late."""

    def take(shard: Shard, codec: Codec, raw: Raw, now_micros: Instant) -> list[Emit]:
        refused = letters.get((raw.topic, raw.partition, raw.offset))
        if refused is not None:
            return shard.refuse(raw, *refused, now_micros)
        before = dict(shard.outcomes)
        effects = take_in(shard, codec, raw, now_micros)
        late.update(late_by(shard, before, codec, raw))
        return effects

    return take


def _keep(state: State, drifts: Iterable[tuple[int, str, Value | None]]) -> None:
    """The last word on each drift that judge raised."""
    for partition, key, value in drifts:
        if value is None or value["kind"] not in OF_OTHERS:
            state.apply({f"{key}/{partition}": None if value is None else plain(value)})


def _gates(driver: Driver, governance: Governance) -> list[Gates]:
    shards = [driver.shard("judge", partition) for partition in range(governance.partitions)]
    return [dict(shard.stage.gates(Workspace(shard.state))) for shard in shards]


def _passed(gates: list[Gates]) -> Gates:
    """What all have passed."""
    return {gate: min(each.get(gate, NEVER) for each in gates) for gate in gates[0]}


def _compare(held: State, made: State, governance: Governance, passed: Gates, left_out: Collection[str]) -> Check:
    found = Check("whole topology: lives of drifts and their commands")
    for key, one, other in outer_join(held.items(), made.items()):
        drifts = [drift for drift in (one, other) if drift is not None]
        until = min(_decided(passed, drift) for drift in drifts)
        undecided = any(d["opened_at"] > until or d["canonical_id"] in left_out for d in drifts)
        if undecided or (len(drifts) == 1 and _may_be_forgotten(governance, passed, drifts[0])):
            found.skipped += 1
            continue
        found.compared += 1
        lives = [None if drift is None else _life(drift, until) for drift in (one, other)]
        recalled = any((drift["recalled_at"] or NEVER) > until for drift in drifts)
        if recalled or _are_commanded_apart(drifts):
            lives = [life and {**life, "command_id": None} for life in lives]  # it is not told what was asked for then
        if lives[0] != lives[1]:
            found.differ(key, *apart(*lives))
    return found


def _decided(passed: Gates, drift: Fact) -> Instant:
    """A verdict that looks at documents may have waited for one to leave."""
    until = passed.get((drift["kind"], drift["system"]), NEVER)
    return min(until, passed.get(AWAITS, NEVER)) if drift["kind"] in LOOKING else until


def _may_be_forgotten(governance: Governance, passed: Gates, drift: Fact) -> bool:
    """By the side that has no record of it any more: the tombstone is due at an instant that not all have passed."""
    ended = drift["closed_at"]
    instant = None if ended is None else forgotten_at(governance, ended)
    return instant is not None and instant > passed.get(LAST, NEVER)


def _are_commanded_apart(drifts: list[Fact]) -> bool:
    """What stopped the commands of one, such as a breaker, or who rejected one, did not come from the sources."""
    return len({(drift["released_at"], drift.get("rejected_at")) for drift in drifts}) > 1


def _life(drift: Fact, until: Instant) -> Fact:
    """The life of a drift as it was at an instant."""
    life = {name: drift[name] for name in _LIFE}
    if (drift["released_at"] or NEVER) > until:
        life["command_id"] = None
    still_open = life["closed_at"] is not None and life["closed_at"] > until
    return life | {"closed_at": None, "how": ""} if still_open else life
