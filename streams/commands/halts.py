"""Stop corrections of a kind or to a system, and let them go on."""

from __future__ import annotations

import getpass
from typing import Any

import click

from schemas import topics
from schemas.instants import iso
from streams.commands.context import json_option
from streams.commands.looking import sight
from streams.commands.told import told_in_one_line
from streams.fleet import breaker
from streams.governance.model import Governance
from streams.governance.words import did_you_mean
from streams.look.read import CannotLook
from streams.look.shown import print_json
from streams.look.write import encoded, write
from tables.view import Emit


@click.command()
@click.argument("what")
@click.option("--reason", required=True, help="Why; the drift says so as long as it stands.")
@json_option
@told_in_one_line
def halt(what: str, reason: str, as_json: bool) -> None:
    """Only propose what would correct WHAT, a kind or a system, until `resume`. Detection goes on."""
    if not reason.strip():
        raise CannotLook("a halt needs a reason: somebody will ask")
    _turn(what, reason, as_json, halted=True)


@click.command()
@click.argument("what")
@click.option("--reason", default="", help="What was mended.")
@json_option
@told_in_one_line
def resume(what: str, reason: str, as_json: bool) -> None:
    """Let corrections of WHAT, a kind or a system, go on: after `halt`, or before its breaker closes by itself."""
    _turn(what, reason, as_json, halted=False)


def _turn(what: str, reason: str, as_json: bool, *, halted: bool) -> None:
    see = sight()
    scope = scope_of(see.governance, what)
    by = {"by": getpass.getuser(), "reason": reason, "at": see.now}
    value: dict[str, Any] = {"scope": scope.of, "name": scope.name, "halted": halted, **by}
    write(see.settings, [encoded(see.cluster.codec, Emit(topics.PROGRESS, "", "HaltAsked", value, partition=0))])
    if as_json:
        print_json({**value, "at": iso(value["at"])})
    else:
        turned = "are only proposed from now on" if halted else "go on, unless a mass drift stops them"
        click.echo(
            f"corrections of {scope.of} {scope.name} {turned}; `driftwise drifts --kind {breaker.KIND}` shows it"
        )


def scope_of(governance: Governance, what: str) -> breaker.Scope:
    known = {"system": {*governance.systems}, "kind": {*governance.kinds}}
    of = next((of for of, names in known.items() if what in names), None)
    if of is None:
        meant = did_you_mean(what, (*governance.systems, *governance.kinds)) or "; ops/kinds.md lists the kinds"
        raise CannotLook(
            f"{what!r} is neither a system of this deployment ({', '.join(governance.systems)}) nor a kind{meant}"
        )
    if not governance.wants(breaker.KIND):
        raise CannotLook(
            f"a halt is told as {breaker.KIND}, which this deployment does not judge: see kinds.yaml, and `judged` in "
            "systems.yaml"
        )
    return breaker.Scope(of, what)
