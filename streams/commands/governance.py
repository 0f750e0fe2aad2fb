"""`driftwise governance`: what a company decides about its process: checked, compared, shown, planned."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.table import Table

from streams.commands.context import FOLDER, folders_argument, governance_option, json_option
from streams.commands.plan import plan
from streams.commands.publish import publish
from streams.commands.told import told_in_one_line
from streams.governance import load
from streams.governance.difference import differences, keys
from streams.governance.explain import place
from streams.governance.model import Governance
from streams.governance.words import did_you_mean
from streams.look.shown import console, print_json
from streams.process_map import rows
from streams.process_map.advice import advice
from streams.worker.wiring import unread_vendors


@click.group()
def governance() -> None:
    """What a company decides about its process."""


governance.add_command(plan)
governance.add_command(publish)


@governance.command()
@folders_argument
@json_option
@told_in_one_line
def check(folders: tuple[Path, ...], as_json: bool) -> None:
    """Validate FOLDERS over the defaults; show the earliest possible verdict of each kind, and what to look at.

    Without any, those that DRIFTWISE_GOVERNANCE names."""
    governed = load(*folders)
    warnings = [*unread_vendors(governed), *advice(governed, time.time_ns() // 1_000)]
    if as_json:
        print_json({"kinds": [row._asdict() for row in rows(governed)], "warnings": warnings})
        return
    table = Table("kind", "deadline or grace", "verdict horizon", "mode", box=None)
    for row in rows(governed):
        table.add_row(row.kind, row.deadline, row.horizon if not row.missing else "not observed", row.mode)
    console().print(table)
    for warning in warnings:
        click.echo(f"warning: {warning}")


@governance.command()
@click.argument("before", type=FOLDER)
@click.argument("after", type=FOLDER)
@json_option
@told_in_one_line
def diff(before: Path, after: Path, as_json: bool) -> None:
    """What changes from folder BEFORE to folder AFTER, each over the defaults."""
    found = differences(load(before), load(after))
    if as_json:
        print_json([difference._asdict() for difference in found])
        return
    for difference in found:
        click.echo(difference)
    if not found:
        click.echo("nothing changes")


@governance.command()
@click.argument("key", required=False)
@governance_option("--folder")
@json_option
@told_in_one_line
def show(key: str | None, folders: tuple[Path, ...], as_json: bool) -> None:
    """What folders over the defaults say, all or below KEY: `kinds.invoice_not_posted`, `finance.currencies`."""
    found = _below(load(*folders), tuple(key.split(".")) if key else ())
    if as_json:
        print_json({".".join(path): value for path, value in found.items()})
        return
    for path, value in found.items():
        file, location = place(list(path))
        click.echo(f"{file}: {'.'.join(location)}: {value}")


def _below(governed: Governance, wanted: tuple[str, ...]) -> dict[tuple[str, ...], object]:
    stated = keys(governed)
    found = {path: value for path, value in stated.items() if path[: len(wanted)] == wanted}
    if not found:
        depth = {".".join(path[: len(wanted)]) for path in stated}
        name = ".".join(wanted)
        raise click.ClickException(f"nothing is governed under {name!r}{did_you_mean(name, depth)}")
    return found
