"""The document of a benchmark as tables for people."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table


def render(document: dict[str, Any]) -> RenderableType:
    """Tables of the figures by distribution, then every figure that stands alone."""
    shown: list[RenderableType] = []
    for name, value in document.items():
        if name in ("rounds", "machine", "sizes", "bench"):
            continue
        if isinstance(value, dict):
            shown.append(_table(name, value))
        else:
            shown.append(f"{name.replace('_', ' ')}: {value}")
    return Group(*shown)


def _table(name: str, figures: dict[str, Any]) -> Table:
    nested = {column: cells for column, cells in figures.items() if isinstance(cells, dict)}
    plain = {row: cell for row, cell in figures.items() if not isinstance(cell, dict)}
    table = Table(name.replace("_", " "), *([""] if plain else []), *nested, box=None, title_justify="left")
    for row in dict.fromkeys([*plain, *(row for cells in nested.values() for row in cells)]):
        table.add_row(
            row, *([_text(plain.get(row))] if plain else []), *(_text(cells.get(row)) for cells in nested.values())
        )
    return table


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
