"""The rules by which a deployment judges: those published to it; before the first, those of its folders."""

from __future__ import annotations

from typing import NamedTuple

from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge.keys import GOVERNANCE
from streams.judge.published import Published
from streams.look import changelog
from streams.look.read import Cluster
from tables.view import View, Workspace


class Rules(NamedTuple):
    in_force: InForce
    published: bool
    """Otherwise they are thought to be those of the folders."""


def rules(cluster: Cluster, folders: Governance) -> Rules:
    """The rules in force, read from the first shard of judge; all shards are told the same."""
    return rules_of(changelog.state(cluster, "judge", 0, changelog.is_about_rules), folders)


def rules_of(view: View, folders: Governance) -> Rules:
    return Rules(Published(folders).in_force(Workspace(view)), view.get(GOVERNANCE) is not None)
