"""All records as of an instant, and what spans of looks at them make a drift."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tests.dossiers.model import Change

Key = tuple[str, str, str]
"""(system, entity, native id)."""
Drift = tuple[float, float | None]
"""From when until when it stands; None: to the end."""
Look = tuple[float, bool | None]
"""At an instant: is it in order? None: nothing is demanded."""
Holds = Callable[["Record"], bool]


class Record(NamedTuple):
    change: Change
    history: tuple[Change, ...]
    """Of the record, since it was there, oldest first."""

    @property
    def key(self) -> Key:
        return self.change.system, self.change.entity, self.change.native_id

    def __getitem__(self, attribute: str) -> Any:
        return (self.change.attributes or {}).get(attribute)

    def amount(self, attribute: str) -> Decimal | None:
        stated = self[attribute]
        return Decimal(stated["amount"]) if stated else None

    def since(self, holds: Holds) -> float | None:
        """Since when it has held without a break."""
        began = None
        for n, version in enumerate(self.history):
            so = holds(Record(version, self.history[: n + 1]))
            began = (version.at if began is None else began) if so else None
        return began

    def first(self, holds: Holds) -> float:
        return next(v.at for n, v in enumerate(self.history) if holds(Record(v, self.history[: n + 1])))


class World:
    def __init__(self, log: Iterable[Change], at: float) -> None:
        self._records: dict[Key, Record] = {}
        for one in log:
            key = (one.system, one.entity, one.native_id)
            if one.at <= at and one.attributes is None:
                self._records.pop(key, None)
            elif one.at <= at:
                before = self._records[key].history if key in self._records else ()
                self._records[key] = Record(one, (*before, one))

    def get(self, key: Key) -> Record | None:
        return self._records.get(key)

    def all(self, entity: str, *systems: str, **said: Any) -> list[Record]:
        """Those that say all of this, in the systems; none where it is None that they should say."""
        return [
            r
            for (system, e, _), r in self._records.items()
            if e == entity
            and (not systems or system in systems)
            and all(value is not None and r[name] == value for name, value in said.items())
        ]


def deadline(looks: Sequence[Look], sla: float, end: float) -> list[Drift]:
    """Demanded, and not there once the deadline has passed; what was there in time and is lost again has as long."""
    begun: list[float] = []
    started, before = 0.0, None
    for at, order in looks:
        if order is not None and before is None:
            started = at
            begun.append(at)
        elif before is True and order is False and at > started + sla:
            begun.append(at)
        before = order
    due = [(at, round(at + sla, 6)) for at in begun]
    opened = [to for at, to in due if to <= end and _at(looks, to) is False and _throughout(looks, at, to)]
    return _apart((at, next((t for t, order in looks if t > at and order is not False), None)) for at in opened)


def grace(looks: Sequence[Look], sla: float, end: float) -> list[Drift]:
    """Out of order for longer than the grace; at its very end is in time."""
    found: list[Drift] = []
    began: float | None = None
    for at, order in (*looks, (None, None)):
        if order is False and began is None:
            began = at
        elif order is not False and began is not None:
            opened = round(began + sla, 6)
            if opened <= end and (at is None or opened < at or sla == 0):
                found.append((opened, at))
            began = None
    return found


def _at(looks: Sequence[Look], instant: float) -> bool | None:
    return next((order for at, order in reversed(looks) if at <= instant), None)


def _throughout(looks: Sequence[Look], start: float, to: float) -> bool:
    return all(order is not None for at, order in looks if start <= at <= to)


def _apart(drifts: Iterable[Drift]) -> list[Drift]:
    """A deadline that passes while a drift stands opens no second one."""
    found: list[Drift] = []
    for opened, closed in sorted(drifts, key=lambda d: d[0]):
        if not found or (found[-1][1] is not None and opened >= found[-1][1]):
            found.append((opened, closed))
    return found
