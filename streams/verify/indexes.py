"""Does the reference index of judge's state say what the held versions say? Which versions are still held depends on
when they were folded, so the index is checked against the state that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from streams.kinds.asof import entity_key
from streams.kinds.references import held, reference_key, values
from streams.kinds.table import REFERENCES
from streams.shard import State
from streams.verify.report import Check
from tables.view import Value


def check(shard: str, state: State) -> Check:
    found = Check("judge: reference index", shard)
    for key, value in state.items():
        if key.startswith("r/"):
            for place, name in held(key, value):
                found.compared += 1
                if not _stands_for(state, place, name):
                    found.differ(f"{place} {name}", "held", None)
        elif key.startswith("e/"):
            for place, name in _wanted(key, value):
                if not _holds(state, place, name):
                    found.differ(f"{place} {name}", None, "held")
    return found


def _wanted(key: str, value: Value) -> Iterator[tuple[str, str]]:
    _, customer, entity, system, native_id = key.split("/", 4)
    for attribute in REFERENCES.get(entity, ()):
        for each in values(value["versions"], attribute):
            yield reference_key(customer, entity, attribute, each), f"{system}/{native_id}"


def _holds(state: State, place: str, name: str) -> bool:
    return name in (state.get(place) or {"of": []})["of"] or state.get(f"{place}/{name}") is not None


def _stands_for(state: State, place: str, name: str) -> bool:
    _, customer, entity, *_ = place.split("/", 3)
    system, native_id = name.split("/", 1)
    holder = entity_key(customer, entity, system, native_id)
    record = state.get(holder)
    return record is not None and (place, name) in _wanted(holder, record)
