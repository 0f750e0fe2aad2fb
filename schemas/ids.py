"""Ids that are derived from what they are about, so that a repeated judgement repeats them (contracts 7).

None contains a canonical id, a Kafka position, a governance version or a time of issue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from urllib.parse import quote


def _digest(*parts: object) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def drift_id(kind: str, system: str, entity: str, native_id: str, trigger_version: str) -> str:
    return _digest(kind, system, entity, native_id, trigger_version)


def command_id(
    drift: str, type_: str, target: str, desired: Mapping[str, str | None], evidence_versions: Mapping[str, str]
) -> str:
    return _digest(drift, type_, target, dict(desired), dict(evidence_versions))


def idempotency_key(command: str, attempt_epoch: int) -> str:
    """The epoch rises only after a definite refusal, never after a time-out."""
    return f"{command}-{attempt_epoch}"


def canonical_id(system: str, native_customer: str) -> str:
    """Never contains a slash, so that it can be a part of a key."""
    return f"{system}:{quote(native_customer, safe=' :@+=,')}"
