"""What was said under each name: by the deployment, and by the replay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from schemas.instants import Instant
from streams.shard import State
from streams.verify.compare import Fact
from streams.verify.outputs import Output, Value, plain

When = Literal["before", "sure", "later"]
"""Before the replay begins; within what it covers; or later: maybe of commits that the state read does not have yet."""


NOTHING_HELD: Fact = {"before": [], "sure": [], "later": [], "sure_count": 0, "count": 0}


class Deployed:
    """Facts that the deployment's topics hold."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(
        self, output: Output, record: str, key: str, value: Value | None, written_at: Instant | None, when: When
    ) -> None:
        name = output.name(record, key, value or {})
        if name is None:
            return
        known = self._state.get(f"{output.sort}/{name}") or NOTHING_HELD
        fact = None if value is None else plain(output.fact(value))
        last_word = output.compacted and when != "later"
        entry: Fact = {
            **known,
            when: [fact] if last_word else _with(known[when], fact),
            "sure_count": known["sure_count"] + (when == "sure"),
            "count": known["count"] + 1,
        }
        self._state.apply({f"{output.sort}/{name}": entry | _about(output, value, written_at)})

    def items(self) -> Iterator[tuple[str, Fact]]:
        yield from self._state.items()

    def since(self, made: Recomputed) -> Iterator[tuple[str, Fact]]:
        """The entries without those that were only written before the replay begins."""
        for place, entry in self.items():
            if entry["sure"] or entry["later"] or made.has(place):
                yield place, entry


class Recomputed:
    """Facts that the replay makes."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, output: Output, record: str, key: str, value: Value | None) -> None:
        name = output.name(record, key, value or {})
        if name is None:
            return
        place = f"{output.sort}/{name}"
        known = self._state.get(place) or {"said": [], "count": 0}
        fact = None if value is None else plain(output.fact(value))
        said = [fact] if output.compacted else _with(known["said"], fact)
        self._state.apply({place: {**known, "said": said, "count": known["count"] + 1} | _about(output, value, None)})

    def has(self, place: str) -> bool:
        return self._state.get(place) is not None

    def items(self) -> Iterator[tuple[str, Fact]]:
        yield from self._state.items()


def _with(said: list[Fact | None], fact: Fact | None) -> list[Fact | None]:
    return said if fact in said else [*said, fact]


def _about(output: Output, value: Value | None, written_at: Instant | None) -> Fact:
    if value is None:
        return {}
    whose = {"customer": output.customer(value)} if output.customer else {}
    return {"when": output.when(value) if output.when else written_at, **whose}
