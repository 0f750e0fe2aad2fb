"""Does the reference index of judge's state say what the held versions say? Which versions are still held depends on
when they were folded, so the index is checked against the state that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from streams.kinds.asof import entity_key, reference_prefix
from streams.kinds.table import REFERENCES
from streams.shard import State
from streams.verify.report import Check
from tables.view import Value


def check(shard: str, state: State) -> Check:
    found = Check("judge: reference index", shard)
    for key, value in state.items():
        if key.startswith("r/"):
            found.compared += 1
            if not _stands_for(state, key):
                found.differ(key, "{}", None)
        elif key.startswith("e/"):
            for wanted in _wanted(key, value):
                if state.get(wanted) is None:
                    found.differ(wanted, None, "{}")
    return found


def _wanted(key: str, value: Value) -> Iterator[str]:
    _, customer, entity, system, native_id = key.split("/", 4)
    for attribute in REFERENCES.get(entity, ()):
        for held in _values(value, attribute):
            yield f"{reference_prefix(customer, entity, attribute, held)}{system}/{native_id}"


def _stands_for(state: State, key: str) -> bool:
    _, customer, entity, *_, system, native_id = key.split("/", 6)
    holder = entity_key(customer, entity, system, native_id)
    record = state.get(holder)
    return record is not None and key in _wanted(holder, record)


def _values(value: Value, attribute: str) -> set[str]:
    return {v["attrs"][attribute] for v in value["versions"] if v["attrs"] and v["attrs"].get(attribute)}
