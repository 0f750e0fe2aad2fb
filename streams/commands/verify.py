"""`driftwise verify`: recompute a deployment from its topics and compare."""

from __future__ import annotations

import re
import sys
import time
from datetime import datetime

import click
from rich.console import Console

from schemas.instants import Instant, from_datetime, seconds
from streams.commands.context import json_option
from streams.commands.looking import sight
from streams.commands.told import told_in_one_line
from streams.look.shown import console, print_json, table
from streams.verify import Report
from streams.verify import verify as verify_deployment

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_TOLD = ("what", "compared", "differing", "skipped")
"""Of a check, in JSON."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")


class Since(click.ParamType):
    """An instant (ISO 8601, with its offset or Z) or how long ago (90s, 30min, 2h, 7d)."""

    name = "instant"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        ago = _DURATION.fullmatch(value.strip())
        if ago is not None:
            return time.time_ns() // 1_000 - seconds(float(ago[1]) * _UNITS[ago[2]])
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither an instant like 2026-11-24T10:00:00Z nor a duration like 2h", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} does not say its time zone: add Z or an offset", param, ctx)
        return from_datetime(instant)


@click.command()
@click.option("--since", type=Since(), metavar="T", help="Compare only what was opened, closed or changed since T.")
@json_option
@told_in_one_line
def verify(since: Instant | None, as_json: bool) -> None:
    """Recompute state, drifts and command ids of a deployment from its topics.

    Exit 0 if all is equal, 2 on a difference, 1 if it cannot tell. T is an instant (2026-11-24T10:00:00Z) or how long
    ago (2h). Input is read as far back as the topics hold it; where its beginning is gone, each shard is replayed from
    the last commit before T that its changelog still tells: if all have one, all since T is proven. Reads committed
    records, writes nothing."""
    see = sight()
    report = verify_deployment(see.settings, see.governance, since, lambda text: click.echo(text, err=True))
    if as_json:
        print_json({**_document(report), "since": since, "read_at": see.now})
    else:
        show(report, console())
    sys.exit(report.code)


def show(report: Report, out: Console) -> None:
    rows = [(c.what, str(c.compared), str(c.differing or "·"), str(c.skipped or "·")) for c in report.checks]
    if rows:
        out.print(table(("check", "compared", "differences", "left out"), rows))
    for difference in report.differences:
        out.print(f"{difference.check} {difference.shard}\n  {difference.key}")
        out.print(
            f"    deployed    {difference.deployed or 'nothing'}\n    recomputed  {difference.recomputed or 'nothing'}"
        )
    for text in report.notes:
        out.print(f"note: {text}")
    for text in report.unproven:
        out.print(f"cannot tell: {text}")
    out.print(_verdict(report))


def _verdict(report: Report) -> str:
    compared, differing = report.compared, sum(c.differing for c in report.checks)
    if differing:
        return f"{differing} of {compared} facts differ"
    if not compared:
        return "nothing was compared"
    return f"{compared} facts are equal" + (", but not everything can be told" if report.unproven else "")


def _document(report: Report) -> dict[str, object]:
    return {
        "equal": report.code == 0,
        "checks": [{name: getattr(c, name) for name in _TOLD} for c in report.checks],
        "differences": [difference._asdict() for difference in report.differences],
        "notes": report.notes,
        "unproven": report.unproven,
    }
