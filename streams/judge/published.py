"""Published governance versions, which come with the input and are kept in judge's state.

A version is in force from an instant of event time, so verdicts do not depend on when it arrived. It decides only what
judge alone looks at. Systems and mapped objects stay as the worker was started with, because other stages are built
from them. Changed mappings of known objects go to identify, and with them when facts hold."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from schemas import topics
from schemas.instants import ALWAYS, NEVER, Instant
from streams.governance.difference import Difference, differences
from streams.governance.in_force import InForce
from streams.governance.mapping import SystemMapping
from streams.governance.model import Governance
from streams.governance.triggers import dated_as, default
from streams.inputs import Divert
from streams.judge.keys import GOVERNANCE, document_key, rollout_key
from streams.kinds.table import KINDS
from tables.view import Emit, Value, Workspace

RECORD = "GovernancePublished"
DECIDES = ("entities", "finance", "ignore", "process", "segments")
"""Keys of the model that a version decides, beside the kinds that judge judges and the days that they count from."""
KINDS_DECIDED = frozenset(kind.name for kind in KINDS)
_REMEMBERED = 64
"""Indexes whose timelines are at hand: one a shard of this process, and then some."""


class Version(NamedTuple):
    in_force_at: Instant
    published_at: Instant
    document: str


def document_of(governance: Governance) -> str:
    """In one canonical form, without what a version does not decide and an earlier release cannot read: that reads what
    has the triggers of the defaults."""
    unsaid = {*topics.KEPT} | ({"triggers"} if governance.triggers == default() else set())
    return orjson.dumps(governance.model_dump(mode="json", exclude=unsaid), option=orjson.OPT_SORT_KEYS).decode()


def version_of(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def kept(document: str) -> Value:
    """As a shard of judge keeps it."""
    return {"document": document}


def publication(governance: Governance, in_force_at: Instant, published_at: Instant, by: str) -> list[Emit]:
    """One record for every partition that judge reads."""
    document = document_of(governance)
    value = {
        "version": version_of(document),
        "in_force_at": in_force_at,
        "published_at": published_at,
        "by": by,
        "document": document,
    }
    return [Emit(topics.CHANGES, "", RECORD, value, partition=number) for number in range(governance.partitions)]


def decided_by(base: Governance, version: Governance) -> Governance:
    """The base governance, with everything taken from the version that it may decide."""
    kinds = {n: version.kinds.get(n, k) if n in KINDS_DECIDED else k for n, k in base.kinds.items()}
    decided = {name: getattr(version, name) for name in DECIDES}
    return base.model_copy(update={"kinds": kinds, "triggers": dated_as(base.triggers, version.triggers)} | decided)


def undecided(before: Governance, after: Governance) -> list[Difference]:
    """Differences that a published version cannot decide, so that they need a restart."""
    mappings = {system: _read_otherwise(mapping, after, system) for system, mapping in before.mappings.items()}
    taken = {"mappings": mappings, "triggers": after.triggers}
    found = differences(decided_by(before, after).model_copy(update=taken), after)
    # finance.yaml gives every kind a tolerance; no stage but judge looks at one.
    return [d for d in found if d.key.rpartition(".")[2] not in ("tolerance_absolute", "tolerance_relative")]


def _read_otherwise(mapping: SystemMapping, after: Governance, system: str) -> SystemMapping:
    """As the version has it where it makes the same attributes of the same records: identify takes that up."""
    version = after.mappings.get(system, {})
    return {
        name: version[name] if name in version and version[name].reads_alike(ours) else ours
        for name, ours in mapping.items()
    }


def take(ws: Workspace, base: Governance, value: dict[str, Any]) -> str:
    """Keep a version, and begin to look for what it concerns; returns what came of it, for counting. With the first
    one, the governance of before is kept as well: a worker that is started with another folder judges as this one."""
    index = ws.get(GOVERNANCE) or _first(ws, base)
    entry = [value["in_force_at"], value["published_at"], value["version"]]
    if entry in index["versions"]:
        return "duplicate"
    ws.put(document_key(value["version"]), kept(_readable(value["document"])))
    begins_at = value["in_force_at"]
    ws.put(rollout_key(begins_at), {"after": ""})
    versions, pending = sorted([*index["versions"], entry]), sorted({*index["pending"], begins_at})
    passed = min(index["passed"], begins_at - 1)
    ws.put(GOVERNANCE, {"versions": versions, "passed": passed, "pending": pending})
    return RECORD.lower()


def pass_by(ws: Workspace, begins_at: Instant) -> None:
    """All that is before has been decided."""
    index = ws.get(GOVERNANCE)
    assert index is not None
    ws.put(GOVERNANCE, {**index, "passed": begins_at})


def rolled_out(ws: Workspace, begins_at: Instant) -> None:
    """All that the version concerns waits for it."""
    index = ws.get(GOVERNANCE)
    assert index is not None
    ws.delete(rollout_key(begins_at))
    ws.put(GOVERNANCE, {**index, "pending": [at for at in index["pending"] if at != begins_at]})


def history(ws: Workspace) -> list[Version]:
    """Every version, in the order of time; the first has been in force before all."""
    index = ws.get(GOVERNANCE)
    return [Version(at, told, _document(ws, version)) for at, told, version in index["versions"]] if index else []


def first_of(ws: Workspace, base: Governance) -> Governance:
    """By what a shard judged before any version was published to it."""
    known = history(ws)
    return decided_by(base, read(known[0].document)) if known else base


@lru_cache(maxsize=16)  # each shard of a process is told each version
def read(document: str) -> Governance:
    return Governance.model_validate_json(document)


def _first(ws: Workspace, base: Governance) -> Value:
    document = document_of(base)
    version = version_of(document)
    ws.put(document_key(version), kept(document))
    return {"versions": [[NEVER, NEVER, version]], "passed": NEVER, "pending": []}


def _readable(document: str) -> str:
    try:
        read(document)
    except ValidationError as problem:
        raise Divert("bad_governance", f"this release cannot read it: {problem}") from None
    return document


def _document(ws: Workspace, version: str) -> str:
    kept = ws.get(document_key(version))
    assert kept is not None, f"governance {version} is in the index and not in the state"
    document: str = kept["document"]
    return document


class Published:
    """What is in force by the state of a shard. Each version is read once a process."""

    def __init__(self, base: Governance) -> None:
        self._base = base
        self._only = InForce.only(base)
        self._versions: dict[str, Governance] = {}
        self._recent: list[tuple[Value, InForce]] = []
        """By index, most recent first: an index is never changed in place, so the same object means the same."""
        self._overruled: tuple[Governance, list[Difference]] | None = None

    def in_force(self, ws: Workspace) -> InForce:
        index = ws.get(GOVERNANCE)
        if index is None:
            return self._only
        for known, found in self._recent:
            if known is index:
                return found
        begins = [(at, self._version(ws, version)) for at, _, version in index["versions"]]
        made = InForce(begins, passed=index["passed"], rolled_out=min(index["pending"], default=ALWAYS))
        self._recent = [(index, made), *self._recent[: _REMEMBERED - 1]]
        return made

    def overruled(self, ws: Workspace) -> list[Difference]:
        """What the worker was started with and does not judge by, since other rules were published."""
        newest = self.in_force(ws).newest
        if self._overruled is None or self._overruled[0] is not newest:
            self._overruled = newest, [] if newest is self._base else differences(self._base, newest)
        return self._overruled[1]

    def _version(self, ws: Workspace, version: str) -> Governance:
        known = self._versions.get(version)
        if known is None:
            made = decided_by(self._base, read(_document(ws, version)))
            known = self._versions[version] = self._base if made == self._base else made
        return known
