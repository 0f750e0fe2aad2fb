"""`python -m connectors.stack up|down|status|lock`: the stack by itself, as `driftwise stack` offers it to users."""

from __future__ import annotations

from pathlib import Path

import click
import platformdirs

from connectors.stack import embedded
from connectors.stack.artefacts import fetch
from connectors.stack.compose import compose as compose_file
from connectors.stack.connect import link_plugins
from connectors.stack.errors import StackError

_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(platformdirs.user_data_dir("driftwise")) / "stack",
    help="Where data, logs and endpoints of the stack live.",
)


@click.group()
def main() -> None:
    """Kafka, Connect with Debezium, a schema registry and PostgreSQL on this machine."""


@main.command()
@_folder
def up(folder: Path) -> None:
    """Start the stack, or find it running; it stays up until `down`."""
    try:
        endpoints = embedded.up(folder, progress=lambda line: click.echo(line, err=True))
    except StackError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"kafka {endpoints.kafka_bootstrap}\nconnect {endpoints.connect_url}\nregistry {endpoints.registry_url}")
    click.echo(f"postgres {endpoints.postgres.dsn('billing')}")


@main.command()
@_folder
def down(folder: Path) -> None:
    """Stop the stack; its data stays."""
    embedded.down(folder)


@main.command()
@_folder
def status(folder: Path) -> None:
    """One line for each service."""
    for service in embedded.status(folder):
        click.echo(f"{service.name:<9} {service.state:<9} {service.address or '-':<21} {service.log}")


@main.command()
def compose() -> None:
    """Print docker-compose.yml as the declaration of services makes it."""
    click.echo(compose_file(), nl=False)


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
def plugins(target: Path) -> None:
    """Lay out Connect's plugins in a folder, for an image; the artefacts beside it must stay."""
    fetch(target / "cache", click.echo, only=["debezium", "converter"])
    link_plugins(target / "plugins", target / "cache")


@main.command()
def lock() -> None:
    """For developers: resolve the artefacts anew and record their checksums."""
    from connectors.stack.lock import lock as make

    make(click.echo)


if __name__ == "__main__":
    main()
