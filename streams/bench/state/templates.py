"""Customers to copy from: a handful, each taken through the real step from its first deal to its last posting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from schemas import topics
from schemas.instants import SECOND, Instant, seconds
from streams.bench.step.inprocess import KeyAndValue, Loop
from streams.bench.step.log import codec
from streams.bench.step.rows import STARTED_AT, Rows, heard
from streams.demo.flaws import DEFAULT_SLA_SECONDS
from streams.demo.journeys import write_journey
from streams.demo.profile import draw_profile
from streams.demo.script import Script
from streams.demo.steps import Journey, in_time_order
from streams.governance import Governance
from streams.judge.keys import OBLIGATIONS
from streams.judge.stage import Judge
from streams.shard import Shard
from tables.state import decode, encode
from tables.view import Emit, MemoryView

RUN = "S"
FIRST_NUMBER = 1_000_000
"""Seven digits, as every copy has: ids of equal length keep the order of keys and the lengths inside of Avro."""
OF_THE_SHARD = ("~", "q/", "t/", f"{OBLIGATIONS}~")
"""Keys of what is no customer's begin so; in no copy a document leaves, or a drift is forgotten."""
ENDED_AT: Instant = STARTED_AT + 3600 * SECOND


@dataclass(frozen=True)
class Template:
    number: int
    account: bytes
    """Id of its CRM account: with its canonical id and its number all that a copy has of its own."""
    changes: tuple[KeyAndValue, ...]
    """What it was made from, watermarks included."""
    latest: tuple[bytes, ...]
    """The last change of each of its records, as bytes of q2c.changes."""
    state: tuple[KeyAndValue, ...]
    """Judge's state of it, in key order."""


def templates(governed: Governance, wanted: int, seed: int = 1) -> list[Template]:
    """Customers without flaw that were invoiced, with every deadline settled."""
    rng = random.Random(f"driftwise templates {seed}")  # noqa: S311 - must repeat, not be secret
    found: list[Template] = []
    for number in count(FIRST_NUMBER):
        made = template(governed, _journey(number, rng), seed)
        if any(b"/ledger_posting/" in key for key, _ in made.state) and not _waits(governed, made):
            found.append(made)
        if len(found) == wanted:
            return found
    raise AssertionError


def _waits(governed: Governance, made: Template) -> bool:
    """Whether a deadline of it is still ahead; copies start with none, so nothing has to be read when they open."""
    wake = Judge(governed).wake
    return any(wake(key.decode(), decode(data)) for key, data in made.state)


def _journey(number: int, rng: random.Random) -> Journey:
    script = Script(draw_profile(number, RUN, date(2026, 11, 24), rng), None, DEFAULT_SLA_SECONDS, rng)
    write_journey(script)
    return script.journey(0.0)


def template(governed: Governance, journey: Journey, seed: int) -> Template:
    changes = [*_changes(governed, journey, seed)]
    encoded, one = [], codec()
    latest: dict[tuple[str, str, str], bytes] = {}
    for emit in changes:
        assert emit.value is not None
        data = one.encode(topics.CHANGES, emit.record, emit.value)
        encoded.append((emit.key.encode(), data))
        if emit.key:
            latest[emit.record, emit.value["system"], emit.value["native_id"]] = data
    account = next(emit.key for emit in changes if emit.key).removeprefix("crm:").encode()
    return Template(journey.customer, account, tuple(encoded), tuple(latest.values()), judged(governed, encoded))


def _changes(governed: Governance, journey: Journey, seed: int) -> Iterator[Emit]:
    rows = Rows(governed, seed + journey.customer)
    for step in in_time_order([journey]):
        yield from rows.changes(step)
        yield from watermarks(governed, STARTED_AT + seconds(step.at_seconds))
    yield from watermarks(governed, ENDED_AT)


def watermarks(governed: Governance, now: Instant) -> Iterator[Emit]:
    for upstream in range(governed.partitions):
        yield Emit(topics.CHANGES, "", "Watermarks", heard(governed, upstream, now))


def judged(governed: Governance, changes: list[KeyAndValue]) -> tuple[KeyAndValue, ...]:
    """The state that the real step makes of these changes, as a store holds it."""
    state = MemoryView(through_json=False)
    loop = Loop(Shard(Judge(governed), 0, state), codec())
    loop.fold(changes)
    loop.commit()
    return tuple((key.encode(), encode(value)) for key, value in state.items() if not key.startswith(OF_THE_SHARD))
