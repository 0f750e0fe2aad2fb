"""`driftwise backtest`: any event log, as canonical changes, judged without broker or connectors."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from schemas.instants import Instant, seconds
from streams.backtest.canonical import canonical
from streams.backtest.findings import Findings
from streams.backtest.lines import instant
from streams.backtest.log import Log, Tell, check, opened, survey
from streams.backtest.order import in_order
from streams.backtest.report import Report
from streams.backtest.run import Run
from streams.backtest.stores import stores
from streams.commands.context import governance_option, json_option
from streams.commands.told import told_in_one_line
from streams.governance import Governance, load
from streams.look.shown import console


class At(click.ParamType):
    """An instant: ISO 8601 with its offset or Z, or whole microseconds since 1970."""

    name = "instant"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        try:
            return instant(int(value) if str(value).lstrip("-").isdigit() else value)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


@click.command()
@click.argument("changes", type=click.File("rb"))
@governance_option()
@click.option("--until", type=At(), metavar="T", help="Close the log at T instead of at its last line.")
@click.option(
    "--disorder", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Lines may be that much out of order."
)
@json_option
@told_in_one_line
def backtest(
    changes: BinaryIO, folders: tuple[Path, ...], until: Instant | None, disorder: float, as_json: bool
) -> None:
    """What would have drifted in CHANGES, a file of JSON Lines; - reads standard input.

    A line is a canonical change: system, entity, native_id, customer, committed_at, attributes, and where wanted
    version, operation (upsert, delete), changed_by. A line {"watermark": T, "system": S} says that S is complete up to
    T; without any such line the log is taken as complete and sorted by committed_at."""
    governance = canonical(load(*folders))
    with opened(changes) as log, closing(Findings()) as findings:
        report = _judged(log, governance, findings, until, seconds(disorder))
        _show(report, as_json)


def _judged(log: Log, governance: Governance, findings: Findings, until: Instant | None, disorder: Instant) -> Report:
    with _progress("reading", log.bytes) as tell:
        found = survey(log, tell)
    check(found, governance, disorder)
    with _progress("judging", log.bytes) as tell, stores(log.bytes) as kept, _few_collections():
        run = Run(governance, kept, findings, marked=found.marked, until=until)
        lines = log.lines(tell)
        ending = run.play(lines if found.marked else in_order(lines, disorder))
    return Report(run.governance, ending, findings, found.odd)


@contextmanager
def _few_collections() -> Iterator[None]:
    """State is plain JSON data and has no cycles: to look for some in all of it takes a third of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def _progress(what: str, total: int) -> Iterator[Tell]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    to = Console(stderr=True)
    with Progress(*columns, console=to, transient=True, disable=not to.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def _show(report: Report, as_json: bool) -> None:
    if as_json:
        for piece in report.document():
            sys.stdout.write(piece)
    else:
        console().print(*report.pages(), sep="\n")
    for note in report.notes():
        click.echo(f"note: {note}", err=True)
