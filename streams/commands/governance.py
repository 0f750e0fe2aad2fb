"""`driftwise governance`: what a company decides about its process: checked, compared, shown, planned."""

from __future__ import annotations

import time
from pathlib import Path

import click

from streams.commands.context import FOLDER, folders_argument, governance_option, json_option
from streams.commands.plan import plan
from streams.commands.publish import publish
from streams.commands.told import told_in_one_line
from streams.governance import load
from streams.governance.difference import Keys, differences
from streams.governance.files import silent
from streams.governance.stated import as_yaml, stated
from streams.governance.words import did_you_mean
from streams.groups import Group
from streams.look.shown import console, print_json, table
from streams.process_map import rows
from streams.process_map.advice import advice
from streams.worker.wiring import unread_vendors


@click.group(cls=Group)
def governance() -> None:
    """What a company decides about its process."""


governance.add_command(plan)
governance.add_command(publish)


@governance.command()
@folders_argument
@click.option("--long", is_flag=True, help="A warning for each kind that is not observed, where one names them all.")
@json_option
@told_in_one_line
def check(folders: tuple[Path, ...], long: bool, as_json: bool) -> None:
    """Validate FOLDERS over the defaults; show the earliest possible verdict of each kind, and what to look at.

    Without any, those that DRIFTWISE_GOVERNANCE names."""
    governed = load(*folders)
    in_short = not (long or as_json)
    advised = advice(governed, time.time_ns() // 1_000, in_short=in_short)
    warnings = [*silent(folders), *unread_vendors(governed), *advised]
    if as_json:
        print_json({"kinds": [row._asdict() for row in rows(governed)], "warnings": warnings})
        return
    shown = ((row.kind, row.deadline, row.unless_missing(row.horizon), row.mode) for row in rows(governed))
    console().print(table(("kind", "deadline or grace", "verdict horizon", "mode"), shown))
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
    """What folders over the defaults say, all or below KEY: `kinds.invoice_not_posted`, `finance.currencies`.

    It is YAML as the files take it, with the null of what is left out."""
    found = _below(stated(load(*folders)), _path(key) if key else ())
    if as_json:
        print_json({".".join(path): value for path, value in found.items()})
        return
    click.echo("\n".join(as_yaml(found)), nl=False)


def _path(key: str) -> tuple[str, ...]:
    """A file is what its name says."""
    file = key.removesuffix(".yaml")
    return tuple((key if file == key else file.replace("/", ".")).split("."))


def _below(all_: Keys, wanted: tuple[str, ...]) -> Keys:
    found = {path: value for path, value in all_.items() if path[: len(wanted)] == wanted}
    if found:
        return found
    above = _nearest(all_, wanted)
    below = dict.fromkeys(path[len(above)] for path in all_ if path[: len(above)] == above and path != above)
    hint = did_you_mean(wanted[len(above)], below, "".join(f"{name}." for name in above))
    has = f"; {'.'.join(above) or 'governance'} has {', '.join(below) or 'no keys'}"
    raise click.ClickException(f"nothing is governed under {'.'.join(wanted)!r}{hint or has}")


def _nearest(all_: Keys, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The longest existing prefix of a key."""
    parts = range(len(wanted) - 1, 0, -1)
    return next((wanted[:n] for n in parts if any(path[:n] == wanted[:n] for path in all_)), ())
