"""The process map as a picture: SVG without a library, one row a kind: trigger, arrow with deadline, expected step."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from streams.process_map.rows import Row

ROW, TOP, WIDTH = 64, 56, 1180
BOX = 36
TRIGGER, EXPECTED, COMMAND = 20, 470, 810
BOX_WIDTH = 230
_STYLE = """
text { font: 13px sans-serif; fill: #1b1b1b } .small { font-size: 11px; fill: #555 } .head { font-weight: bold }
rect { fill: #eef3fb; stroke: #5b7db1 } .off rect { fill: #f2f2f2; stroke: #bbb } .off text { fill: #999 }
line { stroke: #5b7db1; stroke-width: 1.5; marker-end: url(#tip) }
"""


def svg(rows: Sequence[Row]) -> str:
    """A whole document; what is not observed is grey."""
    height = TOP + ROW * len(rows) + 10
    drawn = "\n".join(_row(row, TOP + ROW * place) for place, row in enumerate(rows))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">
<title>The process from quote to cash, as governed</title>
<style>{_STYLE}</style>
<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">
<path d="M0,0 L8,4 L0,8 z" fill="#5b7db1"/></marker></defs>
{_text(TRIGGER, 30, "when", "head")}{_text(EXPECTED, 30, "this must be so", "head")}
{_text(COMMAND, 30, "else: owner and command", "head")}
{drawn}
</svg>
"""


def _row(row: Row, y: int) -> str:
    middle, tip = y + BOX // 2, EXPECTED - 4
    says = f"{row.command} ({row.mode})"
    return f"""<g class="{"off" if row.missing else "on"}"><title>{escape(row.missing or row.violated)}</title>
{_box(TRIGGER, y, f"{row.number}  {row.trigger}")}
{_text(TRIGGER, y + BOX + 14, row.begins, "small")}
<line x1="{TRIGGER + BOX_WIDTH}" y1="{middle}" x2="{tip}" y2="{middle}"/>
{_text(TRIGGER + BOX_WIDTH + 12, middle - 6, row.deadline, "small")}
{_box(EXPECTED, y, row.expected)}
{_text(COMMAND, y + 14, row.owner)}{_text(COMMAND, y + 30, says, "small")}
</g>"""


def _box(x: int, y: int, text: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX}" rx="5"/>{_text(x + 8, y + 22, text)}'


def _text(x: int, y: int, text: str, style: str = "") -> str:
    return f'<text x="{x}" y="{y}" class="{style}">{escape(text)}</text>'
