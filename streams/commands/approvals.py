"""Have a correction performed that was only proposed, or rejected."""

from __future__ import annotations

import click

from schemas.instants import iso
from streams.commands.context import json_option
from streams.commands.decisions import (
    KIND_OF,
    Decision,
    asks_for_nothing,
    decision,
    drift_of,
    must_be_stated,
    not_open,
    tell,
)
from streams.commands.looking import sight
from streams.commands.told import told_in_one_line
from streams.judge.approvals import PROPOSE, UNAPPROVED
from streams.judge.commands import restrained
from streams.judge.rejections import REJECTED
from streams.look.drifts import Drift
from streams.look.read import CannotLook
from streams.look.shown import print_json
from streams.targets import EXECUTORS


@click.command()
@click.argument("drift_id")
@click.option("--reason", required=True, help="Why; it is kept with your name.")
@json_option
@told_in_one_line
def approve(drift_id: str, reason: str, as_json: bool) -> None:
    """Have the command that drift DRIFT_ID proposes performed, though its kind is not switched on for it.

    It is that command alone: where the drift asks for something else by then, it stays proposed. What stops corrections
    otherwise, such as a breaker or a conflict about the customer, still does. Of a command that was rejected it lifts
    that; where no executor performs such commands, it is then proposed again."""
    must_be_stated(reason, "an approval")
    see = sight()
    drift = drift_of(see, drift_id)
    if (problem := unapprovable(drift, drift_id)) or drift is None:
        raise CannotLook(problem)
    value = approval(drift, reason, see.now)
    tell(see, "CorrectionApproved", value, "lifted" if value["only_lifts"] else "approved")
    if as_json:
        lifts = value["lifts"]
        print_json({**value, "at": iso(value["at"]), "lifts": None if lifts is None else iso(lifts)})
    else:
        click.echo(_said(drift, value))


def approval(drift: Drift, reason: str, now: int) -> Decision:
    """Of the command that it asks for; of one that was rejected, it names what it lifts."""
    if drift["restraint"] != REJECTED:
        return {**decision(drift, drift["command_id"], reason, now), "lifts": None, "only_lifts": False}
    value = decision(drift, drift["rejected_command_id"], reason, now)
    return {**value, "lifts": drift["rejected_at"], "only_lifts": not _is_performed(drift)}


def _is_performed(drift: Drift) -> bool:
    return KIND_OF[drift["kind"]].command in EXECUTORS


def _said(drift: Drift, value: Decision) -> str:
    where = "`driftwise drifts` shows what becomes of it"
    if value["only_lifts"]:
        kind = KIND_OF[drift["kind"]]
        return f"command {value['command_id']} is proposed again, as no executor performs {kind.command}; {where}"
    though = "" if value["lifts"] is None else f", though it was {restrained(drift)}"
    return f"command {value['command_id']} is to be performed{though}; {where}"


def unapprovable(drift: Drift | None, drift_id: str) -> str:
    """Why nothing is to be approved, in words; empty where something is."""
    if drift is None or drift["status"] != "open":
        return not_open(drift_id)
    kind = KIND_OF.get(drift["kind"])
    if kind is not None and drift["restraint"] == REJECTED:
        return ""
    if kind is None or drift["command_id"] is None:
        return asks_for_nothing(drift)
    if drift["mode"] != PROPOSE:
        return f"command {drift['command_id']} is to be performed already; nobody has to approve it"
    if drift["restraint"] not in UNAPPROVED:
        return f"{restrained(drift)} keeps command {drift['command_id']} back; no approval changes that"
    if kind.command not in EXECUTORS:
        return (
            f"no executor performs {kind.command}: do it in {drift['owner_system']}; the drift closes once that shows"
        )
    return ""
