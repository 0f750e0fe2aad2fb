"""`driftwise stack`: the services on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from connectors.stack.provider import Name, provider
from streams.commands.context import json_option, stack_folder
from streams.commands.told import told_in_one_line
from streams.groups import Group
from streams.look.shown import console, table

_provider = click.option(
    "--provider", "kind", type=click.Choice(["embedded", "compose"]), default="embedded", show_default=True
)


@click.group(cls=Group)
def stack() -> None:
    """Kafka, Kafka Connect with Debezium, a schema registry and PostgreSQL on this machine."""


@stack.command()
@_provider
@json_option
@told_in_one_line
def up(kind: Name, as_json: bool) -> None:
    """Start the stack, or find it running; it stays up until `down`."""
    found = provider(kind).up(stack_folder(), progress=lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    rows = (
        ("kafka", found.kafka_bootstrap),
        ("connect", found.connect_url),
        ("registry", found.registry_url),
        ("postgres", found.postgres.dsn("billing")),
    )
    console().print(table(("service", "address"), rows))


@stack.command()
@_provider
@told_in_one_line
def down(kind: Name) -> None:
    """Stop the stack; its data stays."""
    stopped = provider(kind).down(stack_folder())
    ended = f"{', '.join(stopped.ended)} ended" if stopped.ended else "nothing ran"
    click.echo(f"{ended}; {stopped.kept}")


@stack.command()
@_provider
@json_option
@told_in_one_line
def status(kind: Name, as_json: bool) -> None:
    """One line a service: state, address, log file."""
    services = provider(kind).status(stack_folder())
    if as_json:
        click.echo(json.dumps([asdict(s) for s in services]))
        return
    rows = ((s.name, s.state, s.address or "-", str(s.log or "-")) for s in services)
    console().print(table(("service", "state", "address", "log"), rows))
