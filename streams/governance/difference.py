"""What changed between two governances, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from streams.governance.explain import place
from streams.governance.files import FOR_EVER
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
        where, before, after = f"{self.file}: {self.key}", _said(self.before), _said(self.after)
        if self.key.rpartition(".")[2] in FOR_EVER:
            return f"{where} was {before} and becomes {after}"
        if self.before is None:
            return f"{where} is new: {after}"
        if self.after is None:
            return f"{where} is gone; it was {before}"
        return f"{where} was {before} and becomes {after}"


def _said(value: Any) -> str:
    """The value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1_000_000, sort_keys=False)
    return str(text).removesuffix("\n...\n").rstrip("\n")


def differences(before: Governance, after: Governance) -> list[Difference]:
    """All differences, in the order of files and keys."""
    old, new = keys(before), keys(after)
    changed = (path for path in {**old, **new} if old.get(path) != new.get(path))
    found = [_difference(path, old.get(path), new.get(path)) for path in changed]
    return sorted(found, key=lambda difference: (difference.file, difference.key))


def keys(governance: Governance) -> Keys:
    """Path -> value of everything that is stated or defaulted; lists are values."""
    return dict(leaves((), governance.model_dump(mode="json", exclude_none=True)))


def leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves((*path, name), inner)
    else:
        yield path, value


def _difference(path: tuple[str, ...], before: Any, after: Any) -> Difference:
    file, location = place(list(path))
    return Difference(file, ".".join(location), before, after)
