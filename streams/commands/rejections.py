"""Have a correction not performed."""

from __future__ import annotations

from collections.abc import Iterable

import click

from schemas import topics
from schemas.instants import iso
from streams.commands.context import json_option
from streams.commands.decisions import KIND_OF, asks_for_nothing, decision, drift_of, must_be_stated, not_open, tell
from streams.commands.looking import Sight, sight
from streams.commands.told import told_in_one_line
from streams.governance.model import Governance
from streams.judge.commands import restrained
from streams.judge.rejections import REJECTED
from streams.look.drifts import Drift
from streams.look.read import CannotLook
from streams.look.shown import print_json

Result = dict[str, object]


@click.command()
@click.argument("drift_id")
@click.option("--reason", required=True, help="Why; it is kept with your name, and the drift says so.")
@json_option
@told_in_one_line
def reject(drift_id: str, reason: str, as_json: bool) -> None:
    """Have the command that drift DRIFT_ID asks for not performed, whoever approved it and whatever its kind's mode.

    It is that command alone. The drift stays open, because its systems disagree; what it asks for otherwise, once its
    records have changed, is proposed. `driftwise approve` lifts a rejection. What was performed before is not undone,
    and what an executor has begun goes on."""
    must_be_stated(reason, "a rejection")
    see = sight()
    drift = drift_of(see, drift_id)
    if (problem := unrejectable(drift, drift_id, see.governance)) or drift is None:
        raise CannotLook(problem)
    value = decision(drift, drift["command_id"], reason, see.now)
    tell(see, "CorrectionRejected", value, "rejected")
    results = _results(see, drift) if drift["mode"] == "execute" else []
    if as_json:
        print_json({**value, "at": iso(value["at"]), "mode": drift["mode"], "results": results})
    else:
        click.echo(said(drift, results))


def unrejectable(drift: Drift | None, drift_id: str, governance: Governance) -> str:
    """Why nothing is to be rejected, in words; empty where something is."""
    if drift is None or drift["status"] != "open":
        return not_open(drift_id)
    if drift["restraint"] == REJECTED:
        return f"command {drift['rejected_command_id']} was {restrained(drift)}"
    if drift["command_id"] is None:
        return asks_for_nothing(drift)
    if drift["kind"] not in KIND_OF:
        return f"{drift['kind']} is proposed to people alone: nothing performs it, and who leaves it has rejected it"
    if drift["system"] not in governance.systems:
        return f"{drift['system']} is no system of this deployment any more: nothing about it is performed"
    return ""


def said(drift: Drift, results: Iterable[Result]) -> str:
    """What becomes of the command. That it was stopped is never said of one that may have been performed."""
    text = f"command {drift['command_id']} is not to be performed any more; `driftwise drifts` says so once that counts"
    if drift["mode"] != "execute":
        return text
    answers = ", ".join(_answer(result) for result in results)
    known = f"so far its executor told: {answers}" if answers else "no executor has told of it yet"
    return f"{text}. It was issued to be performed, and may have been, or may be under way; {known}. Nothing is undone"


def _answer(result: Result) -> str:
    reason = f" ({result['reason']})" if result["reason"] else ""
    return f"{result['status']}{reason}"


def _results(see: Sight, drift: Drift) -> list[Result]:
    """What executors told of the command, oldest first."""
    found = [seen.value for seen in see.cluster.decoded(topics.COMMAND_RESULTS) if seen.value]
    told = [value for value in found if value["command_id"] == drift["command_id"]]
    return [{name: value[name] for name in ("status", "reason", "finished_at")} for value in told]
