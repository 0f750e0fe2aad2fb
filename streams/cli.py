"""The command line of driftwise: commands from `streams.commands`, assembled here."""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, str] = {
    # command: module of streams.commands that has it; imported when asked for, so that --help stays fast
    "stack": "stack",
    "demo": "demo",
    "topics": "roles",
    "worker": "roles",
    "connect": "roles",
    "poll": "roles",
    "execute": "roles",
    "state": "look",
    "drifts": "look",
    "check": "look",
    "why": "look",
    "baseline": "baseline",
    "sources": "look",
    "verify": "verify",
    "dead-letters": "letters",
    "halt": "halts",
    "resume": "halts",
    "approve": "approvals",
    "schemas": "contracts",
    "governance": "governance",
    "process": "process",
    "backtest": "backtest",
    "bench": "bench",
}


def _unavailable(name: str, problem: ModuleNotFoundError) -> click.Command:
    """In place of a command whose packages are not installed: the others go on."""
    text = f"Needs more packages: pip install 'driftwise[stack]' ({problem})."

    @click.pass_context
    def refuse(ctx: click.Context) -> None:
        ctx.fail(text)

    lenient = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, help=text, context_settings=lenient)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        module = COMMANDS.get(name)
        if module is None:
            return None
        try:
            imported = importlib.import_module(f"streams.commands.{module}")
        except ModuleNotFoundError as problem:
            return _unavailable(name, problem)
        found: click.Command = getattr(imported, name.replace("-", "_"))
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as problem:
            from streams.governance.words import did_you_mean  # as late as the commands

            problem.message += did_you_mean(args[0], COMMANDS)
            raise


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="driftwise")
def driftwise() -> None:
    """Finds, proves and corrects process drift between CRM, billing, payments and ERP."""


def main() -> None:
    driftwise()
