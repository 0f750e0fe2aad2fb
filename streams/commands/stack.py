"""`driftwise stack`: the services on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from connectors.stack.provider import Name, provider
from streams.commands.context import json_option, stack_folder
from streams.commands.told import told_in_one_line

_provider = click.option(
    "--provider", "kind", type=click.Choice(["embedded", "compose"]), default="embedded", show_default=True
)


@click.group()
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
    table = Table("service", "address", box=None)
    table.add_row("kafka", found.kafka_bootstrap)
    table.add_row("connect", found.connect_url)
    table.add_row("registry", found.registry_url)
    table.add_row("postgres", found.postgres.dsn("billing"))
    Console().print(table)


@stack.command()
@_provider
@told_in_one_line
def down(kind: Name) -> None:
    """Stop the stack; its data stays."""
    provider(kind).down(stack_folder())


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
    table = Table("service", "state", "address", "log", box=None)
    for service in services:
        table.add_row(service.name, service.state, service.address or "-", str(service.log or "-"))
    Console().print(table)
