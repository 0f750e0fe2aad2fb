"""What approving and rejecting a correction have in common."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping
from typing import Any

from schemas import topics
from streams.commands.looking import Sight
from streams.judge.commands import restrained
from streams.kinds.table import KINDS, Kind
from streams.look.drifts import Drift, read_drifts
from streams.look.read import CannotLook
from streams.look.write import encoded, write_together
from tables.view import Emit

SUBJECT = ("drift_id", "kind", "canonical_id", "system", "entity", "native_id", "command_id")
KIND_OF: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
Decision = dict[str, Any]


def must_be_stated(reason: str, what: str) -> None:
    if not reason.strip():
        raise CannotLook(f"{what} needs a reason: somebody will ask")


def drift_of(see: Sight, drift_id: str) -> Drift | None:
    return next((drift for drift in read_drifts(see.cluster) if drift["drift_id"] == drift_id), None)


def not_open(drift_id: str) -> str:
    return f"no drift {drift_id} is open; `driftwise drifts` lists those that are"


def asks_for_nothing(drift: Drift) -> str:
    said = restrained(drift)
    return f"{drift['kind']} {drift['drift_id']} asks for nothing" + (f": {said}" if said else "")


def decision(drift: Drift, command_id: str, reason: str, now: int) -> Decision:
    subject = {name: drift[name] for name in SUBJECT}
    return {**subject, "command_id": command_id, "by": getpass.getuser(), "reason": reason, "at": now}


def tell(see: Sight, record: str, value: Decision, decided: str) -> None:
    """Tell every partition, as the drift may go to any of them, and the audit: all of them or none."""
    write_together(see.settings, [encoded(see.cluster.codec, each) for each in _told(see, record, value, decided)])


def _told(see: Sight, record: str, value: Decision, decided: str) -> Iterator[Emit]:
    partitions = see.governance.partitions
    for partition in range(partitions):
        yield Emit(topics.CHANGES, value["canonical_id"], record, value, partition=partition)
    audited = {name: value[name] for name in (*SUBJECT, "by", "reason")}
    audited |= {"decision": decided, "decided_at": value["at"], "lifts": value.get("lifts")}
    drift_id = value["drift_id"]
    yield Emit(
        topics.AUDIT,
        drift_id,
        "CorrectionDecided",
        audited,
        partition=topics.partition_for(drift_id, partitions),
    )
