"""No id with two contents (contracts 7): whatever was said under a drift id or a command id is about the same thing."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas import topics
from schemas.codec import Codec
from streams.kinds.table import KINDS
from streams.shard import State
from streams.verify.compare import Fact, apart
from streams.verify.outputs import plain
from streams.verify.recording import Recording, decoded
from streams.verify.report import Check

Value = dict[str, Any]


class Identity(NamedTuple):
    """What an id stands for. The canonical customer, the mode and until when a command is valid are no part of it: a
    drift that moves keeps its id, and what may be done about it is decided anew by the rules in force then."""

    what: str
    topic: str
    id: str
    """Field that holds it."""
    stands_for: tuple[str, ...]
    put_off: tuple[str, ...] = ()
    """No part of it where a day that a record states may put the trigger off."""


_PUT_OFF = frozenset(kind.name for kind in KINDS if kind.put_off)
_SUBJECT = ("kind", "system", "entity", "native_id")
IDENTITIES = (
    Identity("drift ids", topics.DRIFTS, "drift_id", (*_SUBJECT, "trigger_version")),
    Identity("drift ids in the audit", topics.AUDIT, "drift_id", (*_SUBJECT, "triggered_at"), ("triggered_at",)),
    Identity(
        "command ids",
        topics.COMMANDS,
        "command_id",
        (
            *("drift_id", "kind", "type", "sort", "target_system", "target_entity", "target_id"),
            *("desired", "expected", "evidence_versions"),
        ),
    ),
    Identity("idempotency keys", topics.COMMANDS, "idempotency_key", ("command_id",)),
)


def check(recording: Recording, codec: Codec, identity: Identity, seen: State) -> Check:
    """`seen`: an empty state for what was met so far."""
    found = Check(f"{identity.what} stand for one thing")
    for partition in recording.bounds(identity.topic):
        for _, _, value in decoded(recording, codec, identity.topic, partition):
            # A topic may carry other records beside those that have such an id.
            if value is not None and all(name in value for name in identity.stands_for):
                _meet(found, identity, value, seen)
    return found


def _meet(found: Check, identity: Identity, value: Value, seen: State) -> None:
    found.compared += 1
    beside = identity.put_off if value.get("kind") in _PUT_OFF else ()
    about: Fact = plain({name: value[name] for name in identity.stands_for if name not in beside})
    known = seen.get(value[identity.id])
    if known is None:
        seen.apply({value[identity.id]: about})
    elif known != about:
        found.differ(value[identity.id], *apart(known, about))
