"""`driftwise schemas`: the Avro records, shown and written."""

from __future__ import annotations

import click

from schemas.records import all_records, avro_text, write_files
from streams.commands.told import told_in_one_line
from streams.governance.words import did_you_mean


@click.command()
@click.option("--write", is_flag=True, help="Write schemas/avro/*.avsc from the tables.")
@click.argument("record", required=False)
@told_in_one_line
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
        raise click.ClickException(
            f"no record {record!r}{did_you_mean(record, records)}; `driftwise schemas` lists them"
        )
