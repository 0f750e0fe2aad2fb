"""Answers as people and programs read them: tables on a terminal, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.instants import ALWAYS, NEVER, Instant, to_datetime
from schemas.money import plain

_PIPED_WIDTH = 200
_BOUNDLESS = 100_000
_CLOCKS_DIFFER_SECONDS = 5
_INSTANTS = frozenset({"complete_until", "watermark", "since", "now"})
_SIZES = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def jsonable(value: Any, name: str = "") -> Any:
    """Decimals as text, instants (fields `*_at` and the like, and all of `watermarks`) as ISO 8601, bytes as hex."""
    if isinstance(value, Mapping):
        return {k: jsonable(v, "watermark" if name == "watermarks" else k) for k, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return jsonable(value._asdict())
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item, name) for item in value]
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date | time):  # of a record as Avro says it; a moment is a date, too
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and (name.endswith("_at") or name in _INSTANTS):
        return to_datetime(value).isoformat().replace("+00:00", "Z") if NEVER < value < ALWAYS else None
    return value


def print_json(value: Any) -> None:
    click.echo(json.dumps(jsonable(value), ensure_ascii=False))


def console() -> Console:
    """What companies write is shown as it is. A pipe has no width: lines are made long rather than cut."""
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


class _Fitted:
    """A table; where a word would be broken to fit it in, a paragraph for each row."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None, head: int) -> None:
        self._columns, self._rows, self._title, self._head = columns, rows, title, head

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        made = self._table([None] * len(self._columns))
        needed = made.__rich_measure__(console, options.update(max_width=_BOUNDLESS))
        if needed.maximum <= options.max_width:
            yield made
        elif needed.minimum <= options.max_width:
            yield self._table(self._narrowed(options.max_width - needed.minimum))
        else:
            yield from self._paragraphs()

    def _narrowed(self, spare: int) -> list[int | None]:
        """Each as wide as its longest word, and what is spare so that as few as can be wrap: rich breaks words of the
        widest."""
        cells = [list(column) for column in zip(self._columns, *self._rows, strict=True)]
        widths = [max(cell_len(word) for cell in column for word in (cell.split() or [""])) for column in cells]
        lacking = [max(map(cell_len, column)) - width for column, width in zip(cells, widths, strict=True)]
        for served, column in enumerate(sorted(range(len(widths)), key=lambda column: lacking[column])):
            more = min(lacking[column], spare // (len(widths) - served))
            widths[column] += more
            spare -= more
        return [*widths]

    def _table(self, widths: Sequence[int | None]) -> Table:
        made = Table(box=box.SIMPLE_HEAD, title=self._title, title_justify="left", pad_edge=False)
        for column, width in zip(self._columns, widths, strict=True):
            made.add_column(column, width=width, overflow="fold")  # an id that was cut helps nobody
        for row in self._rows:
            made.add_row(*row)
        return made

    def _paragraphs(self) -> Iterator[RenderableType]:
        yield "" if self._title is None else f"\n{self._title}\n"
        for row in self._rows:
            yield Text("  ".join(filter(None, row[: self._head])))
            cells = [f"{name} {cell}" for name, cell in self._cells(row) if cell.strip(NOTHING)]
            yield Padding(Text("; ".join(cells)), (0, 0, 0, 4))
        yield ""

    def _cells(self, row: Sequence[str]) -> Iterable[tuple[str, str]]:
        return zip(self._columns[self._head :], row[self._head :], strict=True)


NOTHING = "·"
"""Stands for none in a column of numbers."""


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None, head: int = 1
) -> RenderableType:
    """`head`: the first columns that together say what a row is about."""
    return _Fitted(columns, list(rows), title, head)


def age(since: Instant | None, now: Instant) -> str:
    """How long ago, in the two largest units: `3 min 20 s`. Clocks that differ a little do no harm."""
    if since is None or since <= NEVER:
        return "never"
    left = (now - since) // 1_000_000
    if left < -_CLOCKS_DIFFER_SECONDS:
        return "ahead"
    left = max(left, 0)
    parts: list[str] = []
    for unit, size in _SIZES:
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def ago(since: Instant | None, now: Instant) -> str:
    text = age(since, now)
    return f"{text} ago" if text not in ("never", "ahead") else text


def sums(amounts: Mapping[str, Decimal]) -> str:
    """`1200 EUR, 7.5 USD`."""
    return ", ".join(f"{plain(amount)} {currency}" for currency, amount in amounts.items())


def money(value: Mapping[str, Any] | None) -> str:
    """`1234.5 EUR`, from a record or from state."""
    return f"{plain(Decimal(value['amount']))} {value['currency']}" if value else ""
