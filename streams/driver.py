"""A driver for the whole topology without a broker: pipe changes and watermarks in, read effects and state out.

Every stage runs as it does in a worker (`streams.shard`), in one thread, with time given by the caller. Records go
through the same codec, so what a topic would carry is what is seen. A won deal whose customer never reaches the ERP:

>>> from connectors.salesforce.reader import reader
>>> from schemas.source import ALL_OBJECTS
>>> from streams.governance import load
>>> governance = load().model_copy(update={"judged": ("won_without_erp_customer",)})
>>> driver = Driver(governance, {system: reader(system) for system in governance.systems})

>>> account = {"Name": "Acme", "Email__c": None, "Tax_Id__c": None, "BillingCountry": "DE", "CurrencyIsoCode": "EUR",
...            "Legal_Entity__c": "1000", "Billing_Account_Id__c": None, "ERP_Customer_Id__c": None, "Status__c": None}
>>> deal = {"Name": "Deal", "StageName": "Closed Won", "Amount": "1200.00", "CurrencyIsoCode": "EUR",
...         "CloseDate": "2026-01-01"}
>>> row = {"system": "crm", "customer": "A", "operation": "upsert", "snapshot": False, "changed_by": None, "poll": 1}
>>> account_row = row | {"object": "Account", "id": "A", "modified_at": 1, "fields": account}
>>> deal_row = row | {"object": "Opportunity", "id": "O", "modified_at": 2, "fields": deal}
>>> driver.pipe("src.crm", "A", "PolledRow", account_row)
>>> driver.pipe("src.crm", "A", "PolledRow", deal_row)
>>> driver.run()
>>> driver.read("q2c.drifts")
[]

Nothing is late yet: nobody has heard the ERP. Once every source is known to have been heard past the deadline, it is:

>>> day = 24 * 3600 * 1_000_000
>>> heard = {"object": ALL_OBJECTS, "epoch": 0, "phase": "streaming", "watermark": 30 * day, "observed_at": 0}
>>> for system in governance.systems:
...     for partition in range(governance.partitions):
...         progress = heard | {"system": system, "partition": partition}
...         driver.pipe(f"src.{system}", "", "SourceProgress", progress, partition=partition)
>>> driver.run()
>>> [(drift.value["kind"], drift.value["native_id"]) for drift in driver.read("q2c.drifts")]
[('won_without_erp_customer', 'O')]

`run` commits after every record. `fold` and `commit` put the boundaries where the caller wants them, `crash` loses what
was not committed, and `saved` and `restore` take one shard back to any of its commits:

>>> driver.pipe("src.crm", "A", "PolledRow", account_row | {"modified_at": 3, "poll": 2})
>>> (place,) = [place for place, queue in driver.queues.items() if queue]
>>> before = driver.saved("identify", place[1])
>>> driver.fold(place)
>>> driver.crash()
>>> len(driver.queues[place])
1
>>> driver.run()
>>> driver.restore(before)
>>> len(driver.queues[place])
1
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant
from schemas.registry import DictRegistry
from schemas.source import Reader
from streams.governance.model import Governance
from streams.inputs import Stage
from streams.intake import take_in
from streams.judge.published import publication
from streams.letters import Raw
from streams.shard import SLICE, Shard, State
from streams.topology import stages
from tables.staged import StagedView
from tables.view import Emit, MemoryView, Value

Place = tuple[str, int]
"""(topic, partition), or (stage, partition)."""
Take = Callable[[Shard, Codec, Raw, Instant], list[Emit]]


class Written(NamedTuple):
    """One record that the topology wrote to a topic."""

    topic: str
    partition: int
    key: str
    record: str
    value: dict[str, Any] | None
    """None: a tombstone."""
    headers: tuple[tuple[str, bytes], ...] = ()


class Saved(NamedTuple):
    """A shard as of one of its commits."""

    stage: str
    partition: int
    state: Mapping[str, Value]
    positions: Mapping[str, int]
    """Topic -> the next offset of this partition."""


class _Work:
    """A shard at work: committed state, and what the next commit would add to it."""

    def __init__(self, stage: Stage, partition: int, state: StagedView, positions: Mapping[str, int]) -> None:
        self.state, self.positions = state, dict(positions)
        self.shard = Shard(stage, partition, state)
        self.in_hand: list[Raw] = []
        self.effects: list[Emit] = []


class Driver:
    def __init__(
        self,
        governance: Governance,
        readers: Mapping[str, Reader],
        *,
        keep: bool = True,
        states: Callable[[], State] = MemoryView,
        take: Take = take_in,
    ) -> None:
        """`keep`: remember all input, so that a shard can be restored to an earlier commit. Without it memory holds the
        state, what waits, and what `read` has not yet taken away. `states` makes an empty state; `take` is how a record
        is taken in."""
        self.governance = governance
        self.codec = Codec(DictRegistry())
        self.now_micros = 0
        self.written: dict[str, list[Written]] = defaultdict(list)
        self.queues: dict[Place, deque[Raw]] = defaultdict(deque)
        """What waits in each partition of each input topic."""
        self.log: dict[Place, list[Raw]] = defaultdict(list)
        """All that was ever piped there, if it is kept."""
        self._keep, self._new_state, self._take = keep, states, take
        self._stages = stages(governance, readers)
        self._by_name = {stage.name: stage for stage in self._stages.values()}
        self._work: dict[Place, _Work] = {}
        self._offsets: dict[Place, int] = defaultdict(int)

    # -- in

    def pipe(
        self,
        topic: str,
        key: str,
        record: str,
        value: dict[str, Any],
        *,
        partition: int | None = None,
        **headers: bytes,
    ) -> None:
        """Put one record, encoded as the topic carries it, behind what its partition already has."""
        self.pipe_raw(topic, key.encode(), self.codec.encode(topic, record, value), partition, headers)

    def pipe_raw(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        headers: Mapping[str, bytes],
        *,
        produced_ms: int = 0,
    ) -> None:
        """The same in bytes, whatever they are. `produced_ms`: the producer's clock; 0: not known."""
        if partition is None:
            partition = topics.partition_for((key or b"").decode(), self.governance.partitions)
        self.feed(Raw(topic, partition, self._offsets[topic, partition], produced_ms, key, value, dict(headers)))

    def feed(self, raw: Raw) -> None:
        """Put a recorded record behind what its partition has; it keeps its offset."""
        place = (raw.topic, raw.partition)
        self._offsets[place] = raw.offset + 1
        self.queues[place].append(raw)
        if self._keep:
            self.log[place].append(raw)

    def publish(self, governance: Governance, in_force_at: Instant, published_at: Instant = 0) -> None:
        """A governance version for judge, by which instants from `in_force_at` on are judged."""
        for effect in publication(governance, in_force_at, published_at, "driver"):
            assert effect.value is not None
            self.pipe(effect.topic, effect.key, effect.record, effect.value, partition=effect.partition)

    # -- work

    def run(self) -> None:
        """Until nothing is left to do."""
        while waiting := [place for place, queue in self.queues.items() if queue]:
            for place in waiting:
                self.run_one(place)

    def run_one(self, place: Place) -> None:
        """One record of one partition, and the deadlines it releases, committed."""
        self.fold(place)
        while self.commit(self.stage_of(place[0]), place[1]):
            pass

    def fold(self, place: Place) -> None:
        """One waiting record of one partition. Nobody sees what comes of it before its shard commits."""
        raw = self.queues[place].popleft()
        work = self._at_work(self._stages[raw.topic], raw.partition)
        work.in_hand.append(raw)
        work.effects += self._take(work.shard, self.codec, raw, self.now_micros)

    def commit(self, stage: str, partition: int, deadlines: int = SLICE) -> bool:
        """One transaction of one shard: outputs, state and progress of what it folded, and up to `deadlines` of what
        the watermarks released. True: more is released, for the next commit."""
        work = self._at_work(self._by_name[stage], partition)
        work.effects += work.shard.settle(deadlines)
        work.effects += work.shard.flush()
        work.positions |= {raw.topic: raw.offset + 1 for raw in work.in_hand}
        work.in_hand.clear()
        work.state.commit()
        work.shard.deadlines.changes()  # a store would keep them; here they would only pile up
        effects, work.effects = work.effects, []
        self._deliver(effects)
        return work.shard.has_due()

    def crash(self, stage: str | None = None, partition: int | None = None) -> None:
        """Only what was committed survives, in the shards of this stage and partition (all by default): the deadline
        index is rebuilt from it, and input since then is read again."""
        for (name, number), work in list(self._work.items()):
            if stage in (None, name) and partition in (None, number):
                for raw in reversed(work.in_hand):
                    self.queues[raw.topic, number].appendleft(raw)
                work.state.rollback()
                self._work[name, number] = _Work(self._by_name[name], number, work.state, work.positions)

    def saved(self, stage: str, partition: int) -> Saved:
        """A shard as of its last commit."""
        work = self._at_work(self._by_name[stage], partition)
        return Saved(stage, partition, dict(work.state.committed.items()), dict(work.positions))

    def restore(self, saved: Saved) -> None:
        """Take one shard back to a commit, and its input to the offsets of that commit; the others stay where they are,
        and are told again what they were told since."""
        if not self._keep:
            raise ValueError("this driver does not keep its input: make it with keep=True to go back")
        stage, partition = self._by_name[saved.stage], saved.partition
        for topic in (name for name, reader in self._stages.items() if reader is stage):
            position = saved.positions.get(topic, 0)
            self.queues[topic, partition] = deque(raw for raw in self.log[topic, partition] if raw.offset >= position)
        state = self._new_state()
        state.apply(dict(saved.state))
        self._work[saved.stage, partition] = _Work(stage, partition, StagedView(state), saved.positions)

    # -- out

    def read(self, topic: str) -> list[Written]:
        """What was written to a topic since it was last read."""
        return self.written.pop(topic, [])

    def latest(self, topic: str) -> list[dict[str, Any]]:
        """What a compacted topic holds now: of what was not read yet, the last record of each key of each partition."""
        held: dict[tuple[int, str], dict[str, Any] | None] = {}
        for written in self.written[topic]:
            held[written.partition, written.key] = written.value
        return [value for value in held.values() if value is not None]

    def state(self, stage: str, partition: int) -> State:
        """What a shard has committed."""
        return self._at_work(self._by_name[stage], partition).state.committed

    def shard(self, stage: Stage | str, partition: int) -> Shard:
        return self._at_work(self._by_name[stage] if isinstance(stage, str) else stage, partition).shard

    def stage_of(self, topic: str) -> str:
        """Name of the stage that reads it."""
        return self._stages[topic].name

    def _at_work(self, stage: Stage, partition: int) -> _Work:
        work = self._work.get((stage.name, partition))
        if work is None:
            work = self._work[stage.name, partition] = _Work(stage, partition, StagedView(self._new_state()), {})
        return work

    def _deliver(self, effects: list[Emit]) -> None:
        for effect in effects:
            partition = self.partition_of(effect)
            told = (effect.topic, partition, effect.key, effect.record, effect.value, effect.headers)
            self.written[effect.topic].append(Written(*told))
            if effect.topic in self._stages and effect.value is not None:
                headers = dict(effect.headers)
                self.pipe(effect.topic, effect.key, effect.record, effect.value, partition=partition, **headers)

    def partition_of(self, effect: Emit) -> int:
        """Where a worker would write it."""
        if effect.partition is not None:
            return effect.partition
        return topics.partition_for(effect.partition_key or effect.key, self.governance.partitions)
