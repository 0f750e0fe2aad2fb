"""Have a correction performed that was only proposed."""

from __future__ import annotations

import getpass
from typing import Any

import click

from schemas import topics
from schemas.instants import iso
from streams.commands.context import json_option
from streams.commands.looking import sight
from streams.commands.told import told_in_one_line
from streams.judge.approvals import PROPOSE, UNAPPROVED
from streams.judge.commands import restrained
from streams.kinds.table import KINDS
from streams.look.drifts import read_drifts
from streams.look.read import CannotLook
from streams.look.shown import print_json
from streams.look.write import encoded, write
from streams.targets import EXECUTORS
from tables.view import Emit

SUBJECT = ("drift_id", "kind", "canonical_id", "system", "entity", "native_id", "command_id")
_BY_NAME = {kind.name: kind for kind in KINDS}


@click.command()
@click.argument("drift_id")
@click.option("--reason", required=True, help="Why; it is kept with your name.")
@json_option
@told_in_one_line
def approve(drift_id: str, reason: str, as_json: bool) -> None:
    """Have the command that drift DRIFT_ID proposes performed, though its kind is not switched on for it.

    It is that command alone: where the drift asks for something else by then, it stays proposed. What stops corrections
    otherwise, such as a breaker or a conflict about the customer, still does."""
    if not reason.strip():
        raise CannotLook("an approval needs a reason: somebody will ask")
    see = sight()
    drift = next((d for d in read_drifts(see.cluster) if d["drift_id"] == drift_id), None)
    if (problem := unapprovable(drift, drift_id)) or drift is None:
        raise CannotLook(problem)
    value = {**{name: drift[name] for name in SUBJECT}, "by": getpass.getuser(), "reason": reason, "at": see.now}
    told = (
        Emit(topics.CHANGES, drift["canonical_id"], "CorrectionApproved", value, partition=partition)
        for partition in range(see.governance.partitions)  # wherever its drift goes
    )
    write(see.settings, [encoded(see.cluster.codec, effect) for effect in told])
    if as_json:
        print_json({**value, "at": iso(value["at"])})
    else:
        click.echo(f"command {drift['command_id']} is to be performed; `driftwise drifts` shows what becomes of it")


def unapprovable(drift: dict[str, Any] | None, drift_id: str) -> str:
    """Why nothing is to be approved, in words; empty where something is."""
    if drift is None or drift["status"] != "open":
        return f"no drift {drift_id} is open; `driftwise drifts` lists those that are"
    kind = _BY_NAME.get(drift["kind"])
    if kind is None or drift["command_id"] is None:
        return f"{drift['kind']} {drift_id} asks for nothing" + (f": {said}" if (said := restrained(drift)) else "")
    if drift["mode"] != PROPOSE:
        return f"command {drift['command_id']} is to be performed already; nobody has to approve it"
    if drift["restraint"] not in UNAPPROVED:
        return f"{restrained(drift)} keeps command {drift['command_id']} back; no approval changes that"
    if kind.command not in EXECUTORS:
        return (
            f"no executor performs {kind.command}: do it in {drift['owner_system']}; the drift closes once that shows"
        )
    return ""
