"""`driftwise schemas` and `driftwise governance`: the contracts and the decisions, shown and checked."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from schemas.records import all_records, avro_text, write_files
from streams.governance import load
from streams.governance.model import Governance
from streams.kinds import KINDS, Kind
from streams.kinds.table import SUBJECT


@click.command()
@click.option("--write", is_flag=True, help="Write schemas/avro/*.avsc from the tables.")
@click.argument("record", required=False)
def schemas(write: bool, record: str | None) -> None:
    """List the Avro records, print one, or write the files."""
    records = all_records()
    if write:
        click.echo(f"{len(write_files())} files written")
    elif record is None:
        for name, schema in records.items():
            click.echo(f"{name:<28} {schema['doc']}")
    elif record in records:
        click.echo(avro_text(records[record]), nl=False)
    else:
        raise click.ClickException(f"no record {record!r}; `driftwise schemas` lists them")


@click.group()
def governance() -> None:
    """What a company decides about its process."""


@governance.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
def check(folders: tuple[Path, ...]) -> None:
    """Validate governance folders over the defaults, and show the earliest possible verdict of each kind."""
    governed = load(*folders)
    table = Table("kind", "deadline or grace", "verdict horizon", "mode", box=None)
    for kind in KINDS:
        rules, horizon = governed.kinds[kind.name], horizon_seconds(governed, kind)
        late = " (longer than the deadline)" if horizon > rules.sla_seconds else ""
        table.add_row(kind.name, f"{rules.sla_seconds:g} s", f"{horizon:g} s{late}", rules.mode)
    Console().print(table)


def horizon_seconds(governed: Governance, kind: Kind) -> float:
    """How long after an instant the earliest verdict of the kind can come: its slowest source's horizon."""
    roles = {role for role, _ in kind.needs if role != SUBJECT} | set(kind.roles)
    return max(governed.systems[s].horizon_seconds for role in roles for s in governed.in_role(role))
