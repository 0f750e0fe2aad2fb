"""What changed between two governances, key by key."""

from __future__ import annotations

from typing import Any, NamedTuple

from streams.governance.explain import place
from streams.governance.model import Governance

Keys = dict[tuple[str, ...], Any]


class Difference(NamedTuple):
    file: str
    key: str
    before: Any
    """None: it was not there."""
    after: Any
    """None: it is gone."""

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}"
        if self.before is None:
            return f"{where} is new: {self.after}"
        if self.after is None:
            return f"{where} is gone; it was {self.before}"
        return f"{where} was {self.before} and becomes {self.after}"


def differences(before: Governance, after: Governance) -> list[Difference]:
    """In the order of files and keys."""
    old, new = keys(before), keys(after)
    changed = (path for path in {**old, **new} if old.get(path) != new.get(path))
    found = [_difference(path, old.get(path), new.get(path)) for path in changed]
    return sorted(found, key=lambda difference: (difference.file, difference.key))


def keys(governance: Governance) -> Keys:
    """Path -> value of everything that is stated or defaulted; lists are values."""
    return dict(_leaves((), governance.model_dump(mode="json", exclude_none=True)))


def _leaves(path: tuple[str, ...], value: Any) -> Any:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves((*path, name), inner)
    else:
        yield path, value


def _difference(path: tuple[str, ...], before: Any, after: Any) -> Difference:
    file, location = place(list(path))
    return Difference(file, ".".join(location), before, after)
