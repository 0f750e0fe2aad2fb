"""`driftwise process`: the process map, from the tables that verdicts are given by."""

from __future__ import annotations

from pathlib import Path

import click
from click.utils import LazyFile

from streams.commands.context import folders_argument, json_option
from streams.commands.told import told_in_one_line
from streams.governance import load
from streams.look.shown import console, print_json, table
from streams.process_map import rows
from streams.process_map.svg import svg

COLUMNS = ("trigger", "expected", "begins", "deadline", "owner", "command")


@click.command()
@folders_argument
@click.option("--svg", "picture", type=click.File("w", lazy=True), help="Write a picture to this file.")
@json_option
@told_in_one_line
def process(folders: tuple[Path, ...], picture: LazyFile | None, as_json: bool) -> None:
    """What must follow what, by when, who owns it and what would put it right.

    FOLDERS lie over the defaults; without any, those that DRIFTWISE_GOVERNANCE names."""
    if picture is not None and as_json:
        raise click.UsageError("give --svg or --json: each answers in its own way")
    found = rows(load(*folders))
    if picture is not None:
        with picture as file:
            file.write(svg(found))
        click.echo(f"{picture.name}: {len(found)} steps", err=True)
        return
    if as_json:
        print_json([row._asdict() for row in found])
        return
    shown = ((row.number, *(getattr(row, column) for column in COLUMNS), row.unless_missing(row.mode)) for row in found)
    console().print(table(("", *COLUMNS, "mode"), shown, head=3))
