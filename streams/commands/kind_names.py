"""Kinds as a person names them: by name, or by number in the catalogue, which several have."""

from __future__ import annotations

import click

from streams.fleet import FLEET_KINDS
from streams.governance.words import did_you_mean
from streams.kinds.table import KINDS
from streams.suspects.table import SUSPECT_KINDS

_NUMBERED = (
    *((kind.name, kind.number) for kind in KINDS),
    *((name, kind.number) for name, kind in SUSPECT_KINDS.items()),
)
OF_CUSTOMERS = frozenset(text for named in _NUMBERED for text in named)
OF_ALL = OF_CUSTOMERS.union(FLEET_KINDS, FLEET_KINDS.values())


class KindName(click.ParamType):
    """One of the known; what is close to an unknown one is told."""

    name = "kind"

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self._known:
            hint = did_you_mean(value, sorted(name for name in self._known if not name.isdecimal()))
            self.fail(f"{value!r} is neither name nor number of a kind{hint}; ops/kinds.md lists them", param, ctx)
        return value


def is_called(name: str, kind: str) -> bool:
    return name == kind or (name, kind) in _NUMBERED
