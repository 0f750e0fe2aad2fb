"""A log of lines: on disk, read twice. Once to see what it is like, once to judge it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from schemas.errors import OperatorError
from schemas.instants import NEVER, SECOND, Instant
from streams.backtest.lines import Line, Mark, Refused, parse
from streams.governance.model import Governance
from streams.governance.vocabulary import WORDS

Tell = Callable[[int], None]
"""Is told how many bytes have been read."""
_OFTEN = 1_000
"""Lines between two tellings."""


class BadLog(OperatorError):
    """Stop: the text says what about the log cannot be judged, and the remedy."""


class Survey(NamedTuple):
    """What has to be known before the first line is judged."""

    marked: bool
    """Whether it has watermark lines."""
    disorder: Instant
    """How far the most belated change is behind a line before it."""
    belated: int
    """The number of that line."""
    systems: dict[str, int]
    """System -> first line that names it."""
    usable: bool
    """Some line can be used."""
    refused: Refused | None
    """The first line that cannot."""
    odd: Mapping[tuple[str, str, str], int]
    """Entity, attribute, and a word there that no rule knows -> the first line that has it."""


class Log:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = file.seek(0, 2)

    def lines(self, tell: Tell = lambda done: None) -> Iterator[Line]:
        """Every line that is not empty, in the order of the log."""
        self._file.seek(0)
        done = 0
        for number, data in enumerate(self._file, 1):
            done += len(data)
            if number % _OFTEN == 0:
                tell(done)
            if not data.isspace():
                yield parse(number, data)
        tell(done)


@contextmanager
def opened(file: BinaryIO) -> Iterator[Log]:
    """A pipe cannot be read twice: what comes from one is kept on disk for as long as this lasts."""
    if file.seekable():
        yield Log(file)
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        yield Log(copy)


def survey(log: Log, tell: Tell = lambda done: None) -> Survey:
    marked, disorder, belated, newest = False, 0, 0, NEVER
    systems: dict[str, int] = {}
    odd: dict[tuple[str, str, str], int] = {}
    usable, refused = False, None
    for line in log.lines(tell):
        if line.system:
            systems.setdefault(line.system, line.number)
        if isinstance(line, Refused):
            refused = refused or line
            continue
        usable = True
        if isinstance(line, Mark):
            marked = True
        else:
            for name, known in WORDS[line.entity].items():
                if (word := line.attributes.get(name)) is not None and word not in known:
                    odd.setdefault((line.entity, name, word), line.number)
            newest = max(newest, line.at)
            if newest - line.at > disorder:
                disorder, belated = newest - line.at, line.number
    return Survey(marked, disorder, belated, systems, usable, refused, odd)


def check(found: Survey, governance: Governance, disorder: Instant) -> None:
    """Raises BadLog for what would make every answer doubtful."""
    if not found.usable and not found.refused:
        raise BadLog("the log is empty: there is nothing to judge")
    if first := None if found.usable else found.refused:
        raise BadLog(
            f"no line can be used; the first, line {first.number}: {first.reason}: {first.detail}. A line is one JSON "
            "object, a canonical change: `driftwise backtest -h` and ops/backtest.md say which"
        )
    unknown = {system: line for system, line in found.systems.items() if system not in governance.systems}
    if unknown:
        named = ", ".join(f"{system!r} (line {line})" for system, line in unknown.items())
        raise BadLog(
            f"governance has no system {named}; it has: {', '.join(governance.systems)}. Rename it in the log, or add "
            "it to systems.yaml, and mappings/SYSTEM.yaml beside it, in a folder given by --governance"
        )
    if not found.marked and found.disorder > disorder:
        needed = -(-found.disorder // SECOND)
        raise BadLog(
            f"line {found.belated} was committed {found.disorder / SECOND:g} s before a line above it: sort the log by "
            f"committed_at, or allow that much by --disorder {needed}, or say how far each source is complete by "
            "watermark lines"
        )
