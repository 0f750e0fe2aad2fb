"""A detail of a rule: a case that no dossier plays, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.governance import Governance
from tests.dossiers.model import Change, Story, company
from tests.dossiers.stage import Play, governed
from tests.dossiers.table import dossier_of

Told = Mapping[str, Any]


class Detail(NamedTuple):
    kind: str
    story: Story
    tells: Told | None = None
    """Of its drift; None: there is none."""
    at_first_sight: Story = ()
    """What the sources' first snapshot shows."""
    unread: tuple[str, str, str] | None = None
    """(system, entity, attribute) that this deployment does not read."""
    governed: Mapping[str, Any] = {}


def plain(*changes: Change, **told: Any) -> Story:
    """The same records, that say something else in these attributes."""
    return tuple(c._replace(attributes={**(c.attributes or {}), **told}) for c in changes)


def every(details: Mapping[str, Detail]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "detail", [pytest.param(detail, id=f"{detail.kind}: {what}") for what, detail in details.items()]
    )


def hold(detail: Detail) -> None:
    found = [{name: drift[name] for name in detail.tells or ()} for drift in told(detail)]

    assert found == ([detail.tells] if detail.tells else [])


def told(detail: Detail, governance: Governance | None = None) -> list[Told]:
    dossier = dossier_of(detail.kind)._replace(subject=None, governed=detail.governed)
    governance = governance or governed(dossier)
    play = Play(dossier, _without(governance, *detail.unread) if detail.unread else governance)
    play.tell(detail.at_first_sight, snapshot=True)
    known = {(c.system, c.entity, c.native_id) for c in detail.at_first_sight}
    play.tell(c for c in company(dossier.linked) if (c.system, c.entity, c.native_id) not in known)
    play.tell(detail.story)
    play.heard(dossier.ends).run()
    commands = {w.value["command_id"]: w.value for w in play.driver.written[topics.COMMANDS] if w.value}
    return [_said(drift, commands.get(drift["command_id"])) for drift in play.drifts()]


def _said(drift: dict[str, Any], command: dict[str, Any] | None) -> Told:
    stake = drift["amount_at_stake"]
    return {
        "subject": f"{drift['system']}/{drift['native_id']}",
        "status": drift["status"],
        "how": drift["how"],
        "closed": drift["closed_at"] and drift["closed_at"] / SECOND,
        "severity": drift["severity"],
        "owner": drift["owner_system"],
        "amount": f"{stake['amount'].normalize():f} {stake['currency']}" if stake else None,
        "asks": command and (command["type"], command["target_id"], command["desired"]),
        "seen": [f"{e['system']}/{e['native_id']} {e['field']} = {e['value']}" for e in drift["evidence"]],
    }


def _without(governance: Governance, system: str, entity: str, attribute: str) -> Governance:
    mapping = governance.mappings[system][entity]
    read = {name: how for name, how in mapping.attributes.items() if name != attribute}
    ours = {**governance.mappings[system], entity: mapping.model_copy(update={"attributes": read})}
    return governance.model_copy(update={"mappings": {**governance.mappings, system: ours}})
