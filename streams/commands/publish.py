"""`driftwise governance publish`: new rules for a deployment that runs, from an instant on."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from schemas.instants import Instant, iso, seconds
from streams.commands.backtest import At
from streams.commands.context import json_option
from streams.commands.looking import Sight, sight
from streams.commands.told import told_in_one_line
from streams.governance import Governance, load
from streams.governance.difference import Difference, differences
from streams.identify.mappings import published
from streams.judge.published import document_of, kept, publication, undecided
from streams.look import mappings
from streams.look.read import CannotLook
from streams.look.rules import rules
from streams.look.shown import print_json
from streams.look.write import Outgoing, encoded, write_together
from streams.worker.sizes import RECORD_BYTES_MAX
from streams.worker.wiring import POLLED
from tables.state import encode

_SHOWN = 10
"""Rows that are named where many cannot be read."""
LEAD_SECONDS = 10
"""From when a version is in force at the earliest: no source may have been heard so far when it is written. What the
clocks of the systems may differ by is added."""


@click.command()
@click.option(
    "--governance",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Rules laid over the defaults; again for one laid over that. Default: the deployment's own folders.",
)
@click.option(
    "--over", is_flag=True, help="Each DIR lies over the deployment's folders, instead of taking their place."
)
@click.option("--from", "in_force_at", type=At(), metavar="T", help="In force from T on, an instant of event time.")
@click.option("--anyway", is_flag=True, help="Although known rows cannot be read: they go to the dead letters.")
@json_option
@told_in_one_line
def publish(folders: tuple[Path, ...], over: bool, in_force_at: Instant | None, anyway: bool, as_json: bool) -> None:
    """Check rules and mappings, and put them in force in a deployment that runs."""
    see = sight()
    proposed = load(*(() if folders and not over else see.settings.governance_folders), *folders)
    known = rules(see.cluster, see.governance)
    present = mappings.in_force(see.cluster, known.in_force.newest)
    _refuse(undecided(present, proposed), alone=bool(folders) and not over)
    decided = differences(present, proposed)
    if not decided and known.published:
        raise CannotLook("these are the rules in force already: nothing to publish")
    read_otherwise = mappings.changed(present, proposed)
    _refuse_unread(see, present, proposed, anyway=anyway)
    now, by = see.now, getpass.getuser()
    at = _from(in_force_at, now, proposed)
    stays = [what for system in read_otherwise for what in _stays(present, proposed, system)]
    effects = publication(proposed, at, now, by)
    effects += [
        published(system, proposed.mappings[system], partition, by, now)
        for system in read_otherwise
        for partition in range(proposed.partitions)
    ]
    records = [encoded(see.cluster.codec, e) for e in effects]
    _refuse_too_large(proposed, records[0])
    write_together(see.settings, records)
    if as_json:
        print_json(_document(decided, at) | {"read_again": read_otherwise, "warnings": stays})
        return
    for difference in decided:
        click.echo(difference)
    click.echo(f"in force from {iso(at)} on, for all {proposed.partitions} partitions")
    if read_otherwise:
        click.echo(f"rows of {', '.join(read_otherwise)} are read again now: their facts hold from where it was heard")
    for what in stays:
        click.echo(f"warning: {what}")


def _refuse_too_large(proposed: Governance, record: Outgoing) -> None:
    """They must fit into the record that says them and into the state that keeps them, which escapes every quote."""
    size_bytes = max(len(record.value or b""), len(encode(kept(document_of(proposed)))))
    if size_bytes > RECORD_BYTES_MAX:
        raise CannotLook(
            f"the rules take {size_bytes} bytes and a record holds {RECORD_BYTES_MAX}: every worker would divert them; "
            "shorten ignore.yaml"
        )


def _refuse(found: list[Difference], *, alone: bool) -> None:
    if found:
        taken_for = "; --over, if what you named is to lie over the deployment's folders" if alone else ""
        raise click.ClickException(
            "\n".join(str(difference) for difference in found)
            + "\nthis cannot change while it runs: other stages are built upon it. Change it in the deployment's "
            "folder and restart the workers; rows captured before keep what was read from them then. Take it out to "
            f"publish the rest{taken_for}"
        )


def _refuse_unread(see: Sight, present: Governance, proposed: Governance, *, anyway: bool) -> None:
    """A mapping that finds no field, or no word, would send every row of it to the dead letters."""
    for system in mappings.changed(present, proposed):
        polled = present.systems[system].vendor in POLLED
        for name, key, field in mappings.not_kept(present.mappings[system], proposed.mappings[system]):
            if polled:
                raise CannotLook(
                    f"mappings/{system}.yaml: {name}.{key}: the poller does not ask for {field!r}: change the folder, "
                    "restart the poller, then the workers"
                )
    unread = [] if anyway else list(mappings.unreadable(see.cluster, present, proposed))
    if unread:
        listed = "".join(f"\n{row}" for row in unread[:_SHOWN])
        raise CannotLook(
            f"{len(unread)} known rows cannot be read so and would go to the dead letters; --anyway lets them:{listed}"
        )


def _stays(present: Governance, proposed: Governance, system: str) -> Iterator[str]:
    """What cannot be read of the rows that are known."""
    for name, key, field in mappings.not_kept(present.mappings[system], proposed.mappings[system]):
        yield (
            f"mappings/{system}.yaml: {name}.{key}: column {field!r} was not kept of known rows: what reads it stays "
            "as it was read of each until the row comes anew; a new snapshot brings them all"
        )


def _from(given: Instant | None, now: Instant, governance: Governance) -> Instant:
    earliest = now + seconds(LEAD_SECONDS) + governance.skew(tuple(governance.systems))
    if given is not None and given < earliest:
        raise CannotLook(
            f"{iso(given)} is past, or will be when the rules arrive: what is judged until then would depend on that; "
            f"give {iso(earliest)} or later"
        )
    return earliest if given is None else given


def _document(decided: list[Difference], at: Instant) -> dict[str, Any]:
    return {"in_force_at": at, "rules": [difference._asdict() for difference in decided]}
