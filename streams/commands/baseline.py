"""`driftwise baseline`: what disagreed already on day one."""

from __future__ import annotations

from collections.abc import Iterator

import click
from rich.console import RenderableType

from schemas.instants import Instant
from streams.commands.context import json_option
from streams.commands.kind_names import OF_CUSTOMERS, KindName
from streams.commands.looking import sight
from streams.commands.told import told_in_one_line
from streams.look import pages
from streams.look.baseline import LEAVES, Baseline, Group
from streams.look.baseline import baseline as of_drifts
from streams.look.drifts import read_drifts
from streams.look.shown import console, print_json, sums, table

_SHOWN = 20


@click.command()
@click.option("--kind", type=KindName(OF_CUSTOMERS), metavar="KIND", help="Name or number.")
@json_option
@told_in_one_line
def baseline(kind: str | None, as_json: bool) -> None:
    """What stood so before go-live or in a source's first snapshot: by kind and owner, priced, worst first.

    Nothing of it raises an alert, is commanded, or counts in a KPI."""
    see = sight()
    found = of_drifts(read_drifts(see.cluster), kind)
    if as_json:
        groups = [group._asdict() for group in found.groups]
        print_json({**found._asdict(), "groups": groups, "leaves": LEAVES, "read_at": see.now})
    else:
        console().print(*_pages(found, see.now), sep="\n")


def _pages(found: Baseline, now: Instant) -> Iterator[RenderableType]:
    if not found.items:
        yield "nothing: no disagreement is older than go-live and the first snapshots"
        return
    columns = ("severity", "kind", "owner", "items", "at stake", "without amount")
    yield table(columns, (_row(g) for g in found.groups), head=2)
    yield f"{found.items} items, {sums(found.amounts) or 'none with an amount'}\n"
    yield pages.drifts(found.drifts[:_SHOWN], now)
    if found.items > _SHOWN:
        yield f"the worst {_SHOWN}; --json has them all"
    yield f"\n{LEAVES}"


def _row(group: Group) -> tuple[str, ...]:
    unpriced = str(group.unpriced or "·")
    return group.severity, group.kind, group.owner_team, str(group.items), sums(group.amounts), unpriced
