"""`driftwise bench`: figures of ours beside those of peers, measured in one run."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from streams.bench import table
from streams.bench.report import render
from streams.commands.bench_parts import broker, java
from streams.commands.context import json_option
from streams.commands.told import told_in_one_line
from streams.governance.words import meant


@click.command()
@click.argument("name", type=click.Choice(list(table.RUNNERS)))
@click.option(
    "--rounds", type=click.IntRange(1), help="How often each runs: the median counts; latency: two at most, as one."
)
@click.option("--quick", is_flag=True, help="Small enough for a smoke test; the figures mean nothing then.")
@click.option("--only", multiple=True, metavar="CONTESTANT", help="Leave the others out; may be given several times.")
@click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Leave a cProfile dump of our own process here (the last run's); makes it slower.",
)
@json_option
@told_in_one_line
def bench(
    name: str, rounds: int | None, quick: bool, only: tuple[str, ...], profile: Path | None, as_json: bool
) -> None:
    """Measure: `engine` (the join job and the full step against peers), `state`, `recovery`, `latency`;
    `identity` (duplicate suspects on the FEBRL data sets); `backtest` (beside pm4py's streaming checkers)."""
    run = _runner(name, only)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as Ctrl-C: what was started is stopped
    console, started = Console(stderr=True), time.monotonic()

    def show(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s[/dim]  {line}", highlight=False)

    with tempfile.TemporaryDirectory(prefix="driftwise-bench-") as folder:
        given = table.Bench(
            folder=Path(folder),
            progress=show,
            broker=partial(broker, Path(folder) / "broker", show),
            java=partial(java, show),
            rounds=rounds,
            quick=quick,
            only=frozenset(only),
            profile=profile.absolute() if profile else None,
        )
        try:
            document = run(given)
        except ModuleNotFoundError as problem:
            raise _not_to_be_had(name, problem) from None
    if as_json:
        click.echo(json.dumps(document))
    else:
        Console().print(render(document))


def _runner(name: str, only: tuple[str, ...]) -> Callable[[table.Bench], dict[str, Any]]:
    """Refuses who is none of its contestants: the figures of nobody would be printed."""
    try:
        known, run = table.contestants(name), table.runner(name)
    except ModuleNotFoundError as problem:
        raise _not_to_be_had(name, problem) from None
    for unknown in sorted({*only} - {*known}):
        who = meant(unknown, known) if known else ": nobody can be left out of it"
        raise click.BadParameter(f"{unknown!r} takes no part in bench {name}{who}", param_hint="--only")
    return run


def _not_to_be_had(name: str, problem: ModuleNotFoundError) -> click.ClickException:
    return click.ClickException(f"bench {name} is not to be had: {problem}")
