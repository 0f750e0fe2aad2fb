"""What every command is given: settings, governance, the stack's folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import platformdirs

from connectors.stack.endpoints import Endpoints, load
from connectors.stack.errors import NoStack
from schemas.errors import OperatorError
from streams.governance import Governance
from streams.governance import load as load_governance
from streams.settings import Settings, from_environment

Command = Callable[..., Any]


def home() -> Path:
    """Where a user's stack lives; DRIFTWISE_HOME moves it."""
    given = os.environ.get("DRIFTWISE_HOME")
    return Path(given) if given else Path(platformdirs.user_data_dir("driftwise"))


def stack_folder() -> Path:
    return home() / "stack"


def running_stack() -> Endpoints | None:
    try:
        return load(stack_folder())
    except NoStack:
        return None


def settings(**given: Any) -> Settings:
    """Settings from the environment; for what that does not say, from the stack that runs on this machine."""
    if not os.environ.get("DRIFTWISE_KAFKA_BOOTSTRAP") and (stack := running_stack()) is not None:
        given = {"kafka_bootstrap": stack.kafka_bootstrap, "registry_url": stack.registry_url} | given
        given = {"governance_folders": _governed_stack()} | given
    return from_environment(**given)


def _governed_stack() -> tuple[Path, ...] | None:
    """A demo leaves beside its stack by which governance it runs."""
    path = home() / "governance.json"
    if os.environ.get("DRIFTWISE_GOVERNANCE") or not path.exists():
        return None
    try:
        return tuple(Path(folder) for folder in json.loads(path.read_text()))
    except (ValueError, TypeError) as problem:
        raise OperatorError(f"{path} cannot be read ({problem}): delete it, or set {_GOVERNED_BY}") from None


def governance(found: Settings) -> Governance:
    return load_governance(*found.governance_folders)


FOLDER = click.Path(path_type=Path)
_GOVERNED_BY = "DRIFTWISE_GOVERNANCE"


def folders_argument(command: Command) -> Command:
    """Folders of governance over the defaults; those of the deployment where none is named."""
    return click.argument("folders", nargs=-1, type=FOLDER, envvar=_GOVERNED_BY)(command)


def governance_option(*also: str) -> Callable[[Command], Command]:
    """The same for commands whose argument is something else; `also`: another name of the option."""
    return click.option(
        "--governance",
        *also,
        "folders",
        multiple=True,
        envvar=_GOVERNED_BY,
        type=FOLDER,
        metavar="DIR",
        help=f"Rules laid over the defaults; again for one laid over that. Default: {_GOVERNED_BY}.",
    )


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")(command)
