"""`driftwise governance plan`: what other rules would make of what is there now, before they are activated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from schemas.instants import Instant
from schemas.patience import said_if_slow
from streams.commands.context import json_option
from streams.commands.looking import Sight, sight
from streams.commands.told import told_in_one_line
from streams.governance import Governance, load
from streams.governance.difference import Difference, differences
from streams.governance.reach import touched
from streams.look import changelog
from streams.look.plan import WHAT, Change, Plan, compare
from streams.look.rules import rules
from streams.look.shown import console, money, print_json, sums, table
from streams.look.standing import OUTCOMES

_SHOWN = 20


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--over", is_flag=True, help="FOLDERS lie over the deployment's own, instead of taking their place.")
@json_option
@told_in_one_line
def plan(folders: tuple[Path, ...], over: bool, as_json: bool) -> None:
    """What FOLDERS, over the defaults, would open, close and change in the live state; nothing is written."""
    see = sight()
    proposed, present = _proposed(see, folders, over), rules(see.cluster, see.governance).in_force.newest
    decided = differences(present, proposed)
    shards = (changelog.state(see.cluster, "judge", p) for p in range(see.governance.partitions))
    with said_if_slow("the state of every customer", "is judged by both rules: that takes a while ..."):
        found = compare(shards, present, proposed, see.now, touched(present, proposed, decided))
    if as_json:
        print_json(_document(found, decided, see.now))
    else:
        console().print(*_pages(found, decided), sep="\n")


def _proposed(see: Sight, folders: tuple[Path, ...], over: bool) -> Governance:
    proposed = load(*(see.settings.governance_folders if over else ()), *folders)
    if proposed.partitions != see.governance.partitions:
        raise click.ClickException(
            f"systems.yaml: partitions is {see.governance.partitions} here and {proposed.partitions} in the proposal: "
            "the number is fixed for the life of a deployment; leave it as it is"
        )
    return proposed


def _document(found: Plan, decided: list[Difference], now: Instant) -> dict[str, Any]:
    groups = [{"what": what, **group._asdict()} for what in WHAT for group in found.groups(what)]
    rules = [difference._asdict() for difference in decided]
    return {**found._asdict(), "groups": groups, "rules": rules, "read_at": now}


def _pages(found: Plan, decided: list[Difference]) -> Iterator[RenderableType]:
    yield from (str(difference) for difference in decided)
    if not decided:
        yield "these are the rules in force: nothing changes"
        return
    for what in WHAT:
        yield from _changes(found, what)
    if not found.changes:
        yield "nothing opens, closes or changes"
    yield f"{found.subjects} subjects judged by both; {_stay(found.stays)}"
    if found.unknown:
        yield f"{found.unknown} more cannot be told yet: `driftwise sources` says what has not been heard"
    if found.forgotten:
        yield f"{found.forgotten} open drifts rest on history that is not kept any more: not compared"
    if any(difference.file.startswith("mappings/") or difference.file == "triggers.yaml" for difference in decided):
        again = "`publish` has known rows read again by them, and tries that first"
        yield f"changed mappings and triggers are not counted: {again}"


def _stay(drifts: int) -> str:
    return "1 drift stays as it is" if drifts == 1 else f"{drifts} drifts stay as they are"


def _changes(found: Plan, what: str) -> Iterator[RenderableType]:
    changes = [change for change in found.changes if change.what == what]
    if not changes:
        return
    groups = (
        (g.severity, g.kind, g.owner_team, str(g.items), sums(g.amounts), str(g.unpriced or "·"))
        for g in found.groups(what)
    )
    columns = ("severity", "kind", "owner", "items", "at stake", "without amount")
    yield table(columns, groups, title=f"{len(changes)} {WHAT[what]}", head=2)
    yield table(("subject", "customer", "at stake", "by the new rules", "now"), map(_row, changes[:_SHOWN]))
    if len(changes) > _SHOWN:
        yield f"the worst {_SHOWN}; --json has them all"


def _row(change: Change) -> tuple[str, ...]:
    drift, (after, before) = change.drift, (OUTCOMES[change.after], OUTCOMES[change.before])
    if change.fields:
        before, after = (", ".join(f"{k}: {_said(v[side])}" for k, v in change.fields.items()) for side in (0, 1))
    subject = f"{drift['system']}/{drift['entity']}/{drift['native_id']}"
    return subject, drift["canonical_id"], money(drift["amount_at_stake"]), after, before


def _said(value: Any) -> str:
    return money(value) if isinstance(value, dict) else "nothing" if value is None else str(value)
