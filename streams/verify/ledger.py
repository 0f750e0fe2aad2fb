"""What was said under each name: by the deployment, and by the replay."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant
from streams.shard import State
from streams.verify.compare import Fact
from streams.verify.outputs import Output, Value, plain


class Deployed:
    """Facts that the deployment's topics hold. `sure`: written before its state was read; what comes later may be of
    commits that the state read does not have yet."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(
        self, output: Output, record: str, key: str, value: Value | None, written_at: Instant | None, *, sure: bool
    ) -> None:
        name = output.name(record, key, value or {})
        if name is None:
            return
        known = self._state.get(f"{output.sort}/{name}") or {"sure": [], "later": [], "sure_count": 0, "count": 0}
        fact = None if value is None else plain(output.fact(value))
        heard = [fact] if output.compacted else _with(known["sure"], fact)
        entry: Fact = {
            **known,
            "sure": heard if sure else known["sure"],
            "later": known["later"] if sure else _with(known["later"], fact),
            "sure_count": known["sure_count"] + sure,
            "count": known["count"] + 1,
        }
        self._state.apply({f"{output.sort}/{name}": entry | _about(output, value, written_at)})

    def items(self) -> Iterator[tuple[str, Fact]]:
        yield from self._state.items()


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

    def items(self) -> Iterator[tuple[str, Fact]]:
        yield from self._state.items()


def _with(said: list[Fact | None], fact: Fact | None) -> list[Fact | None]:
    return said if fact in said else [*said, fact]


def _about(output: Output, value: Value | None, written_at: Instant | None) -> Fact:
    if value is None:
        return {}
    whose = {"customer": output.customer(value)} if output.customer else {}
    return {"when": output.when(value) if output.when else written_at, **whose}
