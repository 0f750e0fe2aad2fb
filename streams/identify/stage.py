"""Identify as a stage: source records and routes in, canonical changes and links out.

One shard has one partition number of every source topic and of the crosswalk, so a native customer, its rows and its
route always meet here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import ids, topics
from schemas.codec import Unreadable
from schemas.entities import ENTITIES
from schemas.instants import ALWAYS, NEVER, SECOND, Instant, iso, seconds
from schemas.source import ALL_OBJECTS, Gap, Heard, Probed, Reader, Skipped, SourceEvent, SourceRow
from streams import canary
from streams.fleet import letters
from streams.governance.model import Governance
from streams.identify import keys
from streams.identify.canonicalize import attributes
from streams.identify.changes import change
from streams.inputs import Divert, Input, WithoutDeadlines
from streams.kinds.facts import stamp
from streams.kinds.trail import stamp_trails
from streams.letters import ENTITY_HEADER, ID_HEADER
from streams.suspects import tell
from tables.versions import Version, fold
from tables.view import Emit, Workspace
from tables.watermarks import LINKS, Marks, heard, watermark

CAPTURE_CLOCK_SECONDS = 300
"""How far the clock of whoever captures may be behind the source's; governance adds what a system is known for."""
_VERSION = SourceRow._fields.index("version")


class Identify(WithoutDeadlines):
    name = "identify"

    def __init__(self, governance: Governance, readers: Mapping[str, Reader]) -> None:
        self._governance = governance
        self._readers = {topics.source_topic(system): (system, reader) for system, reader in readers.items()}

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        if record.topic == topics.CROSSWALK:
            return self._on_crosswalk(ws, record)
        system, reader = self._readers[record.topic]
        try:
            event = reader(record.record, record.value, record.headers)
        except Unreadable as problem:
            raise Divert(problem.reason, str(problem)) from None
        return self._on_source(ws, partition, record, system, self._credible(record, event))

    def _credible(self, record: Input, event: SourceEvent) -> SourceEvent:
        """No source commits later than it is captured. A row that says so is diverted: it would be a fact only when its
        time has come. A marker that says so proves no more than that everything up to its capture has been heard."""
        if record.produced_ms <= 0:
            return event
        skew = self._governance.systems[event.system].max_clock_skew_seconds if isinstance(event, SourceRow) else 0
        latest = record.produced_ms * 1000 + seconds(CAPTURE_CLOCK_SECONDS + skew)
        match event:
            case SourceRow(committed_at=at) if at > latest:
                raise Divert(
                    "from_the_future",
                    f"{event.object} {event.native_id} of {event.system} was committed at {iso(at)}, captured at "
                    f"{iso(record.produced_ms * 1000)}: set the source's clock right, mend the row, replay; or raise "
                    "max_clock_skew_seconds of the system",
                    self._entity_of(event),
                )
            case Heard(watermark=int(mark)) if mark > latest:
                return event._replace(watermark=record.produced_ms * 1000)
        return event

    def _entity_of(self, row: SourceRow) -> str:
        mapping = self._governance.mappings[row.system].get(row.object)
        return mapping.entity if mapping else "*"

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """Evidence is complete up to what was heard of the system in this partition; from there on there is a hole."""
        system = letter["system"]
        if not system:
            return
        marks = ws.get(keys.MARKS) or {}
        known = [m[2] for name, m in _here(marks, partition) if name.startswith(f"{system}/") and LINKS not in name]
        opened_at = min((k for k in known if k is not None), default=NEVER)
        if (told := letters.tell_written(letter)) is not None:
            ws.emit(told)
        customer = _readable(letter["original_key"])
        self._open_hole(ws, system, customer, letter["entity"], letter["letter_id"], partition, opened_at)

    # -- source records

    def _on_source(self, ws: Workspace, partition: int, record: Input, system: str, event: SourceEvent) -> str:
        match event:
            case SourceRow():
                first = event.snapshot and (
                    self.in_first_snapshot(ws, partition, event) or self._diverted_then(ws, record, system)
                )
                self._on_row(ws, record, event, first)
            case Heard():
                self._on_heard(ws, partition, event)
            case Probed():
                self._on_probe(ws, partition, event)
            case Gap():
                self._on_gap(ws, partition, event)
            case Skipped():
                return event.why
        self._home(ws, record, system)
        return type(event).__name__.lower()

    def _on_row(self, ws: Workspace, record: Input, row: SourceRow, first_snapshot: bool) -> None:
        mapping = self._governance.mappings[row.system].get(row.object)
        if mapping is None:
            raise Divert("unmapped_object", f"{row.system} has no mapping for {row.object!r}: add it and replay")
        entity = mapping.entity
        key = keys.row_key(row.system, row.native_customer, entity, row.native_id)
        image = ws.get(key) or {"versions": []}
        last = next((v for v in reversed(image["versions"]) if v["version"] < row.version), None)
        attrs = None
        if row.operation in ("upsert", "moved_in"):
            attrs = attributes(mapping, row.fields, last["attrs"] if last else None)
            if self._parked(ws, row, entity, attrs, record, first_snapshot):
                return
        version = self._version(row, entity, attrs, last, record.position, first_snapshot)
        # Positions order a row's versions, whatever their commit times (a snapshot read later than a change that the
        # log still brings; a clock set back): a newer one is not hidden, and an older one that comes late hides none.
        following = next((v["at"] for v in image["versions"] if v["version"] > row.version), ALWAYS)
        version["at"] = min(max(row.committed_at, last["at"] if last else NEVER), following)
        self._route(ws, record, row, entity, version, image["versions"])
        self._adopt(ws, row, entity)

    def in_first_snapshot(self, ws: Workspace, partition: int, row: SourceRow) -> bool:
        """Whether a row of a snapshot stood so before its source was known. What a later snapshot finds (a lost slot, a
        restored copy) happened while nobody looked: it is news."""
        marks, streamed = ws.get(keys.MARKS) or {}, ws.get(keys.STREAMED) or {}
        mapping = self._governance.mappings[row.system].get(row.object)
        names = [f"{row.system}/{object_}" for object_ in (ALL_OBJECTS, mapping.entity if mapping else row.object)]
        reports = [marks[name][str(partition)] for name in names if str(partition) in marks.get(name, {})]
        return not any(name in streamed for name in names) and all(report[1] != "streaming" for report in reports)

    def _diverted_then(self, ws: Workspace, record: Input, system: str) -> bool:
        """A row of the first snapshot that is replayed: its hole was opened before the source had any watermark."""
        letter = _letter(record)
        hole = ws.get(keys.holes_prefix(system, _readable(record.key.encode())) + letter) if letter else None
        return hole is not None and hole["opened_at"] == NEVER

    def _version(
        self,
        row: SourceRow,
        entity: str,
        attrs: dict[str, Any] | None,
        last: Version | None,
        source: str,
        first_snapshot: bool,
    ) -> Version:
        before = last["since"] if last and last["attrs"] else {}
        by = self._governance.people.writer(row.changed_by)
        held = (row.committed_at, row.version, first_snapshot)
        facts = stamp(entity, attrs, before, *held, seen=not row.snapshot) if attrs else {}
        since = facts | stamp_trails(entity, attrs, last, *held, by) if attrs else {}
        return {
            "version": row.version,
            "native": row.native_version,
            "customer": row.native_customer,
            "at": row.committed_at,
            "committed_at": row.committed_at,
            "op": "upsert" if attrs else ("moved" if row.operation == "moved_out" else row.operation),
            "attrs": attrs,
            "since": since,
            "by": by,
            "snapshot": first_snapshot,
            "source": source,
            "route": 0,
        }

    def _route(
        self, ws: Workspace, record: Input, row: SourceRow, entity: str, version: Version, versions: list[Version]
    ) -> None:
        """Remember the image and tell judge; an older version or a duplicate is told again, and judge knows it."""
        canonical_id, route_version, routed_at = self._canonical(ws, row.system, row.native_customer)
        known = {v["version"] for v in versions}
        stale = bool(versions) and version["version"] < versions[-1]["version"]
        key = keys.row_key(row.system, row.native_customer, entity, row.native_id)
        effective_at = max(version["at"], routed_at)
        if version["version"] not in known and not stale:
            ws.put(key, {"versions": fold([*versions, version], self._links_frontier(ws, row.system))})
            if entity == "customer":
                self._assert_links(ws, row, version)
            told = tell.Record(row.system, entity, row.native_id, canonical_id)
            tell.changed(ws, self._governance, told, versions[-1] if versions else None, version, effective_at)
        if version["op"] == "moved":
            self._emit_moved(
                ws, canonical_id, "", row.system, entity, row.native_id, route_version, version, effective_at
            )
            return
        letter = _letter(record)
        ws.emit(change(canonical_id, row.system, entity, row.native_id, version, route_version, effective_at, letter))

    def _canonical(self, ws: Workspace, system: str, customer: str) -> tuple[str, int, Instant]:
        route = ws.get(keys.route_key(system, customer))
        if route is None:
            return ids.canonical_id(system, customer), 0, NEVER
        return route["canonical_id"], route["route_version"], route["routed_at"]

    def _links_frontier(self, ws: Workspace, system: str) -> Instant:
        """Routes change only for links asserted later than this; versions behind it need not be told again."""
        marks = ws.get(keys.MARKS) or {}
        return min(
            (watermark(marks, f"{s}/{LINKS}", 1) for s, rules in self._governance.systems.items() if rules.links),
            default=ALWAYS,  # nobody links: no route ever changes
        )

    # -- links and routes

    def _assert_links(self, ws: Workspace, row: SourceRow, version: Version) -> None:
        links = self._governance.systems[row.system].links
        attrs = version["attrs"] or {}
        named = [{"system": target, "native_customer": attrs[a]} for a, target in links.items() if attrs.get(a)]
        key = keys.links_key(row.system, row.native_customer)
        before = (ws.get(key) or {"links": []})["links"]
        if named == before:
            return
        ws.put(key, {"links": named})
        value = {
            "system": row.system,
            "native_customer": row.native_customer,
            "links": named,
            "version": version["version"],
            "committed_at": version["at"],
            "present": bool(attrs),
        }
        ws.emit(Emit(topics.LINKS, f"{row.system}/{row.native_customer}", "LinkAsserted", value, partition=0))

    def _on_crosswalk(self, ws: Workspace, record: Input) -> str:
        if record.record == "Watermarks":
            for mark in record.value["watermarks"]:
                self._hear(ws, 0, Heard(**{k: mark[k] for k in Heard._fields}))
            return "watermarks"
        self._on_route(ws, record.value)
        return "route"

    def _on_route(self, ws: Workspace, route: dict[str, Any]) -> None:
        system, customer = route["system"], route["native_customer"]
        old, old_version, _ = self._canonical(ws, system, customer)
        if route["route_version"] <= old_version:
            return
        ws.put(keys.route_key(system, customer), {k: route[k] for k in ("canonical_id", "route_version", "routed_at")})
        if route["canonical_id"] == old:
            return
        self._move_holes(ws, system, customer, route["canonical_id"])
        prefix = keys.rows_prefix(system, customer)
        for key, image in ws.range(prefix, 10_000_000):
            entity, native_id = key.removeprefix(prefix).split("/", 1)
            self._reroute(ws, route, old, system, entity, native_id, image["versions"])

    def _reroute(
        self,
        ws: Workspace,
        route: dict[str, Any],
        old: str,
        system: str,
        entity: str,
        native_id: str,
        versions: list[Version],
    ) -> None:
        new, number, at = route["canonical_id"], route["route_version"], route["routed_at"]
        rerouted = {"customer": route["native_customer"], "version": ""}
        self._emit_moved(ws, old, new, system, entity, native_id, number, rerouted, at)
        for version in versions:
            effective_at = max(version["at"], at)
            if version["op"] == "moved":
                self._emit_moved(ws, new, "", system, entity, native_id, number, version, effective_at)
            else:
                ws.emit(change(new, system, entity, native_id, version, number, effective_at))
        latest = versions[-1]
        told = tell.Record(system, entity, native_id, new)
        tell.rerouted(ws, self._governance, told, latest, max(latest["at"], at))

    def _emit_moved(
        self,
        ws: Workspace,
        old: str,
        new: str,
        system: str,
        entity: str,
        native_id: str,
        number: int,
        version: Version,
        at: Instant,
    ) -> None:
        """It leaves the old canonical customer: because its native customer is routed elsewhere, or because the row
        itself went to another native customer (then the move has the row's version)."""
        value = {
            "canonical_id": old,
            "system": system,
            "entity": entity,
            "native_id": native_id,
            "route_version": number,
            "native_customer": version["customer"],
            "version": version["version"],
            "moved_at": at,
            "moved_to": new,
        }
        ws.emit(Emit(topics.CHANGES, old, "EntityMoved", value))

    # -- progress

    def _on_heard(self, ws: Workspace, partition: int, event: Heard) -> None:
        entity = event.object
        if entity != ALL_OBJECTS:
            mapping = self._governance.mappings[event.system].get(event.object)
            if mapping is None:
                return
            entity = mapping.entity
        self._hear(ws, partition, event._replace(object=entity))

    def _hear(self, ws: Workspace, upstream: int, event: Heard) -> None:
        marks = ws.get(keys.MARKS) or {}
        name = f"{event.system}/{event.object}"
        after = heard(marks, name, upstream, event.epoch, event.phase, event.watermark)
        if after is marks:
            return
        ws.put(keys.MARKS, after)
        phases = [all_marks.get(name, {}).get(str(upstream), [0, ""])[1] for all_marks in (marks, after)]
        if phases[0] == "streaming" != phases[1]:
            ws.put(keys.STREAMED, {**(ws.get(keys.STREAMED) or {}), name: True})

    def flush(self, ws: Workspace, partition: int) -> None:
        """Send on how far each source object was heard, behind everything it covers: to every partition of the changes
        and to the stages with one partition. Once a commit, however many markers it folded."""
        marks, sent = ws.get(keys.MARKS) or {}, ws.get(keys.SENT) or {}
        changed = {name: reports for name, reports in marks.items() if reports != sent.get(name)}
        if not changed:
            return
        ws.put(keys.SENT, marks)
        entries = [_entry(name, report) for name, reports in changed.items() for report in reports.values()]
        value = {"partition": partition, "watermarks": entries}
        for target in range(self._governance.partitions):
            ws.emit(Emit(topics.CHANGES, "", "Watermarks", value, partition=target))
        self._tell_onlookers(ws, partition, changed)
        linked = [e for e in entries if e["object"] in (ALL_OBJECTS, "customer") and self._links(e["system"])]
        if linked:
            ws.emit(Emit(topics.LINKS, "", "Watermarks", {**value, "watermarks": linked}, partition=0))

    def _tell_onlookers(self, ws: Workspace, partition: int, changed: Marks) -> None:
        """People and dashboards read progress; a second's advance is enough for them, each commit would cost the broker
        one partition more."""
        told = ws.get(keys.TOLD) or {}
        news = {name: reports for name, reports in changed.items() if _is_news(told.get(name, {}), reports)}
        if news:
            ws.put(keys.TOLD, {**told, **news})
            entries = [_entry(name, report) for name, reports in news.items() for report in reports.values()]
            value = {"partition": partition, "watermarks": entries}
            ws.emit(Emit(topics.PROGRESS, "", "Watermarks", value, partition=0))
            tell.heard(ws, self._governance, value)

    def _links(self, system: str) -> dict[str, str]:
        return self._governance.systems[system].links

    def _on_probe(self, ws: Workspace, partition: int, event: Probed) -> None:
        marks = ws.get(keys.MARKS) or {}
        known = [
            m[2] for name, m in _here(marks, partition) if name.startswith(f"{event.system}/") and LINKS not in name
        ]
        lowest = None if not known or any(k is None for k in known) else min(known)
        value = {
            "system": event.system,
            "partition": partition,
            "observed_at": event.observed_at,
            "watermark": lowest,
        }
        ws.emit(Emit(topics.PROGRESS, event.system, "SourceObserved", value, partition=0))
        canary.broken(ws, self._governance, event.system, partition, event.observed_at)

    def _on_gap(self, ws: Workspace, partition: int, event: Gap) -> None:
        """Rows vanished without a record of each: they are presumed deleted, and the watermark is withdrawn until the
        source is heard again."""
        for system, object_ in ((event.system, ALL_OBJECTS), (event.system, self._entity(event))):
            report = (ws.get(keys.MARKS) or {}).get(f"{system}/{object_}", {}).get(str(partition))
            if report is not None:
                self._hear(ws, partition, Heard(system, object_, report[0], "gap", None))
        self._presume_deleted(ws, event)

    def _presume_deleted(self, ws: Workspace, event: Gap) -> None:
        prefix, entity = f"i/{event.system}/", self._entity(event)
        for key, image in ws.range(prefix, 10_000_000):
            _, of, native_id = key.removeprefix(prefix).split("/", 2)
            last = image["versions"][-1]
            if of != entity or last["op"] != "upsert" or last["at"] >= event.committed_at:
                continue
            at = event.committed_at
            gone = {**last, "op": "presumed_deleted", "attrs": None, "since": {}, "at": at, "committed_at": at}
            gone |= {"version": f"{last['version']}.gone", "by": "unknown"}
            ws.put(key, {"versions": fold([*image["versions"], gone], self._links_frontier(ws, event.system))})
            canonical_id, number, routed_at = self._canonical(ws, event.system, last["customer"])
            effective_at = max(at, routed_at)
            ws.emit(change(canonical_id, event.system, entity, native_id, gone, number, effective_at))
            told = tell.Record(event.system, entity, native_id, canonical_id)
            tell.changed(ws, self._governance, told, last, gone, effective_at)

    def _entity(self, event: Gap) -> str:
        mapping = self._governance.mappings[event.system].get(event.object)
        return mapping.entity if mapping else event.object

    # -- holes and parked rows

    def _home(self, ws: Workspace, record: Input, system: str) -> None:
        """A replayed record was read: its hole is closed."""
        letter = _letter(record)
        if letter is not None:
            entity = _header(record, ENTITY_HEADER) or "*"
            self._close_hole(ws, system, _readable(record.key.encode()), entity, letter, "replayed")

    def _open_hole(
        self, ws: Workspace, system: str, customer: str, entity: str, letter: str, partition: int, opened_at: Instant
    ) -> None:
        """At the canonical customer, where it is known whose evidence is missing. A customer record that was never read
        may belong to anyone: its hole is everyone's."""
        canonical_id = self._canonical(ws, system, customer)[0] if customer else ""
        stranger = entity in ("customer", "*") and self._links(system) and not self._linked(ws, system, customer)
        value = {
            "canonical_id": "" if stranger else canonical_id,
            "system": system,
            "entity": entity,
            "letter_id": letter,
            "partition": partition,
            "opened_at": opened_at,
        }
        key = keys.holes_prefix(system, customer) + letter
        known = ws.get(key)
        if known is None:
            ws.put(key, value)
            self._emit_hole(ws, "HoleOpened", value)

    def _linked(self, ws: Workspace, system: str, customer: str) -> bool:
        return bool((ws.get(keys.links_key(system, customer)) or {"links": []})["links"])

    def _close_hole(self, ws: Workspace, system: str, customer: str, entity: str, letter: str, how: str) -> None:
        """Where it stands open, which may be another customer than the present one."""
        key = keys.holes_prefix(system, customer) + letter
        opened = ws.get(key)
        ws.delete(key)
        if entity in letters.FINANCE and how == "replayed":
            ws.emit(letters.tell_resolved(letter, how))
        canonical_id = opened["canonical_id"] if opened else self._canonical(ws, system, customer)[0]
        value = {"canonical_id": canonical_id, "system": system, "entity": entity, "letter_id": letter, "how": how}
        self._emit_hole(ws, "HoleClosed", value)

    def _move_holes(self, ws: Workspace, system: str, customer: str, new: str) -> None:
        for key, hole in ws.range(keys.holes_prefix(system, customer), 100_000):
            if hole["canonical_id"]:
                moved = {**hole, "canonical_id": new}
                ws.put(key, moved)
                self._emit_hole(ws, "HoleOpened", moved)
                closed = {k: hole[k] for k in ("canonical_id", "system", "entity", "letter_id")}
                self._emit_hole(ws, "HoleClosed", closed | {"how": "moved"})

    def _emit_hole(self, ws: Workspace, name: str, value: dict[str, Any]) -> None:
        if value["canonical_id"]:
            ws.emit(Emit(topics.CHANGES, value["canonical_id"], name, value))
            return
        for target in range(self._governance.partitions):
            ws.emit(Emit(topics.CHANGES, "", name, value, partition=target))

    def _parked(
        self, ws: Workspace, row: SourceRow, entity: str, attrs: dict[str, Any], record: Input, first_snapshot: bool
    ) -> bool:
        """A row whose parent row is unknown waits for it; its customer has a hole until then."""
        parent = ENTITIES[entity].parent
        if parent is None:
            return False
        parent_id = attrs[f"{parent}_ref"] or ""
        if ws.get(keys.row_key(row.system, row.native_customer, parent, parent_id)) is not None:
            return False
        key = keys.parked_prefix(row.system, row.native_customer, parent, parent_id) + f"{entity}/{row.native_id}"
        before = ws.get(key)  # another version that waits already; its hole is ours
        if before and before["row"][_VERSION] > row.version:
            return True
        letter = before["letter_id"] if before else f"parked:{record.position}"
        parked = {"row": list(row), "position": record.position, "letter_id": letter, "first_snapshot": first_snapshot}
        ws.put(key, parked)
        opened_at = row.committed_at - 1
        self._open_hole(ws, row.system, row.native_customer, entity, letter, record.partition, opened_at)
        return True

    def _adopt(self, ws: Workspace, parent: SourceRow, entity: str) -> None:
        """The parent has come: its parked rows follow, in the order of their versions."""
        prefix = keys.parked_prefix(parent.system, parent.native_customer, entity, parent.native_id)
        waiting = ws.range(prefix, 100_000)
        for key, parked in sorted(waiting, key=lambda item: item[1]["row"][_VERSION]):
            row = SourceRow(*parked["row"])
            ws.delete(key)
            topic, _, rest = parked["position"].rpartition("-")
            partition, offset = rest.split("@")
            record = Input(topic, int(partition), int(offset), row.native_customer, "", {}, {})
            self._on_row(ws, record, row, parked.get("first_snapshot", row.snapshot))
            child = self._governance.mappings[row.system][row.object].entity
            self._close_hole(ws, row.system, row.native_customer, child, parked["letter_id"], "parent_arrived")


def _is_news(told: dict[str, list[Any]], reports: dict[str, list[Any]]) -> bool:
    """Another epoch or phase, or a second further on."""
    for partition, (epoch, phase, mark) in reports.items():
        before = told.get(partition)
        if before is None or before[:2] != [epoch, phase]:
            return True
        if mark is not None and (before[2] is None or mark - before[2] >= SECOND):
            return True
    return False


def _entry(name: str, report: list[Any]) -> dict[str, Any]:
    system, object_ = name.split("/", 1)
    epoch, phase, mark = report
    return {"system": system, "object": object_, "epoch": epoch, "phase": phase, "watermark": mark}


def _here(marks: dict[str, dict[str, list[Any]]], partition: int) -> list[tuple[str, list[Any]]]:
    return [(name, reports[str(partition)]) for name, reports in marks.items() if str(partition) in reports]


def _readable(key: bytes | None) -> str:
    """The native customer of a record key, or empty if it cannot be one."""
    try:
        text = (key or b"").decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _header(record: Input, name: str) -> str | None:
    value = record.headers.get(name)
    return value.decode() if value is not None else None


def _letter(record: Input) -> str | None:
    return _header(record, ID_HEADER)
