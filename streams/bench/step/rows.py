"""What identify makes of the customers' rows, without its state: every customer of the workload is linked from its
first row on, so the canonical id is known and nothing is parked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from schemas.ids import canonical_id
from schemas.instants import SECOND, Instant, seconds
from schemas.source import ALL_OBJECTS
from streams.demo.steps import Native, Ref, Step, Write, entity_of
from streams.governance import Governance
from streams.governance.model import ObjectMapping
from streams.identify.canonicalize import attributes
from streams.identify.changes import change
from streams.kinds.facts import governed, stamp
from tables.versions import PRESENT
from tables.view import Emit
from tables.watermarks import LINKS

STARTED_AT: Instant = 1_795_521_600 * SECOND
"""2026-11-24T12:00:00Z"""


class Rows:
    """The rows of all customers as their systems hold them; each write becomes one canonical change."""

    def __init__(self, governance: Governance, seed: int) -> None:
        self._mappings = governance.mappings
        self._writer = governance.people.writer
        self._rng = random.Random(f"driftwise rows {seed}")  # noqa: S311 - must repeat, not be secret
        self._ids: dict[str, str] = {}
        self._images: dict[str, dict[str, Native]] = {}
        self._since: dict[str, dict[str, str]] = {}
        self._columns = {(s, t): _columns(m) for s, tables in self._mappings.items() for t, m in tables.items()}
        self._position = 0

    def changes(self, step: Step) -> Iterator[Emit]:
        """One transaction: its rows have one commit time. Tables without a mapping are not captured."""
        at = STARTED_AT + seconds(step.at_seconds)
        if step.system == "crm":
            at -= at % SECOND  # it stamps whole seconds
        self._position += 1
        for write in step.writes:
            if write.table in self._mappings[step.system]:
                yield self._change(step, write, at)

    def _change(self, step: Step, write: Write, at: Instant) -> Emit:
        values = {column: self._ids[v.record] if isinstance(v, Ref) else v for column, v in write.values.items()}
        if write.creates:
            self._ids[write.record] = str(values.get("id") or f"001{self._rng.randrange(10**12):012}AAA")
        image = self._images.setdefault(write.record, {})
        image.update(values)
        mapping, native_id = self._mappings[step.system][write.table], self._ids[write.record]
        fields = dict.fromkeys(self._columns[step.system, write.table])
        attrs = attributes(mapping, fields | {n: None if v is None else str(v) for n, v in image.items()}, None)
        entity, version = entity_of(step.system, write.table), f"{0:06}/{self._position:020}"
        held, facts = self._since.get(write.record, {}), governed(mapping)
        since = stamp(entity, attrs, held, at, version, snapshot=False, facts=facts)
        self._since[write.record] = since
        record = {
            "version": version,
            "native": str(700 + self._position),
            "customer": str(image.get(mapping.customer) or native_id),
            "at": at,
            "committed_at": at,
            "op": PRESENT,
            "attrs": attrs,
            "since": since,
            "by": self._writer(step.by),
            "snapshot": False,
            "source": "",
        }
        account = canonical_id("crm", self._ids[f"{step.customer}/crm.account"])
        return change(account, step.system, entity, native_id, record, route_version=0, effective_at=at)


def _columns(mapping: ObjectMapping) -> frozenset[str]:
    found: set[str] = set()
    for source in mapping.attributes.values():
        found |= {source} if isinstance(source, str) else set(source.model_dump(exclude={"map"}).values())
    return frozenset(found)


def heard(governance: Governance, upstream: int, now: Instant) -> dict[str, Any]:
    """One upstream partition's progress as identify sends it on: every system, as far behind as its horizon says, and
    the links of those that have some."""
    systems = governance.systems
    objects = [(name, ALL_OBJECTS) for name in systems] + [(name, LINKS) for name, s in systems.items() if s.links]
    marks = [
        {"system": system, "object": object_, "epoch": 0, "phase": "streaming", "watermark": until}
        for system, object_ in objects
        for until in (now - seconds(systems[system].horizon_seconds),)
    ]
    return {"partition": upstream, "watermarks": marks}
