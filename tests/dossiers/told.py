"""What every dossier's drift tells and asks for, as `told.yaml` has it on record.

python -m tests.dossiers.told > tests/dossiers/told.yaml

A difference is a change of what finance people, executors and consumers get: read it before you record it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from schemas import topics
from schemas.instants import SECOND
from tests.dossiers.model import Dossier, company
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS

RECORD = Path(__file__).with_name("told.yaml")
Lines = dict[str, Any]


def named() -> Iterator[tuple[str, Dossier]]:
    """Every dossier under a name of its own: the kind, and its number among those of the kind."""
    count: dict[str, int] = {}
    for dossier in DOSSIERS:
        count[dossier.kind] = count.get(dossier.kind, 0) + 1
        yield f"{dossier.kind}-{count[dossier.kind]}", dossier


def told(dossier: Dossier) -> Lines:
    """The drift as it opens, the command it asks for, and what is said of its end."""
    play = Play(dossier).told(dossier.story).heard(dossier.ends).run()
    (drift,) = play.drifts()
    lines: Lines = {
        "drift": f"{drift['severity']} {_place(drift)}, triggered {_seconds(drift['triggered_at'])} "
        f"by {drift['trigger_version'].lstrip('0')}, due {_seconds(drift['due_at'])}",
        "seen": [f"{_place(e)} {e['field']} = {e['value']}" for e in drift["evidence"]],
    }
    asked = [w.value for w in play.driver.written[topics.COMMANDS] if w.value]
    commands = [_command(c) for c in asked if c["command_id"] == drift["command_id"]]
    lines |= {"asks": commands[0]} if commands else {}
    lines |= {"causes": drift["causes"]} if drift["causes"] else {}
    lines["as it stood at first sight"] = (
        ", ".join(sorted({d["status"] for d in _at_first_sight(dossier)})) or "nothing"
    )
    if dossier.resolved_by:
        lines["put right by us"] = ", ".join(
            sorted({f"{d['how']} {_seconds(d['closed_at'])}" for d in put_right(dossier)})
        )
    return lines


@cache
def on_record() -> Mapping[str, Lines]:
    return dict(yaml.safe_load(RECORD.read_text()))


def _command(command: dict[str, Any]) -> Lines:
    target = f"{command['target_system']}/{command['target_entity']}/{command['target_id']}"
    asked: Lines = {command["type"]: f"{command['sort']} {target}", "to": command["desired"]}
    return {**asked, "while": command["expected"]} if command["expected"] else asked


def _at_first_sight(dossier: Dossier) -> list[dict[str, Any]]:
    """Its story was there already when the sources were first read."""
    play = Play(dossier)
    play.tell((*company(dossier.linked), *dossier.story), snapshot=True)
    return play.heard(dossier.ends).run().drifts()


def put_right(dossier: Dossier) -> list[dict[str, Any]]:
    """What ends its drift is ours."""
    ours = tuple(change._replace(by="driftwise") for change in dossier.resolved_by)
    return Play(dossier).told((*dossier.story, *ours)).heard(dossier.ends).run().drifts()


def _place(record: Mapping[str, Any]) -> str:
    return f"{record['system']}/{record['entity']}/{record['native_id']}"


def _seconds(instant: int) -> str:
    return f"{instant / SECOND:g}"


if __name__ == "__main__":
    sys.stdout.write("# Generated: see told.py.\n")
    sys.stdout.write(
        yaml.safe_dump(
            {name: told(d) for name, d in named()},
            sort_keys=False,
            width=116,
            default_flow_style=None,
            allow_unicode=True,
        )
    )
