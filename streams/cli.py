"""The command line of driftwise: commands from `streams.commands`, assembled here."""

from __future__ import annotations

import importlib
from typing import NamedTuple

import click

from streams.groups import Group


class _Entry(NamedTuple):
    module: str
    """Of streams.commands; imported when the command is asked for, so that --help and the others start fast."""
    says: str


SECTIONS: dict[str, dict[str, _Entry]] = {
    "Try it": {
        "demo": _Entry("demo", "simulated companies with seeded faults, scored"),
        "stack": _Entry("stack", "the services on this machine: up, down, status"),
        "backtest": _Entry("backtest", "judge an event log, without a broker"),
        "bench": _Entry("bench", "measure, beside other stream processors"),
    },
    "Deploy": {
        "topics": _Entry("roles", "create and check the topics, register the schemas"),
        "connect": _Entry("connect", "databases and their Debezium connectors: apply, status, snapshot"),
        "poll": _Entry("roles", "run the polling connector of a system"),
        "worker": _Entry("roles", "run a worker: as many as you like share the partitions"),
        "execute": _Entry("roles", "run the executor of corrections that are switched on"),
        "schemas": _Entry("contracts", "the Avro records"),
    },
    "Look": {
        "drifts": _Entry("look", "what is open, worst first"),
        "state": _Entry("look", "the corrected state of a customer"),
        "why": _Entry("look", "why something was raised, and why not"),
        "check": _Entry("look", "exit 0: clean, 2: drift is open, 1: cannot tell"),
        "baseline": _Entry("baseline", "what disagreed already on day one"),
        "kpis": _Entry("kpis", "how much of what was due was done in time"),
        "sources": _Entry("look", "which source holds verdicts back"),
        "verify": _Entry("verify", "recompute a deployment from its topics and compare"),
    },
    "Act": {
        "approve": _Entry("approvals", "have a correction performed that is only proposed"),
        "dead-letters": _Entry("letters", "what could not be read or mapped: list, show, replay, dismiss"),
        "reject": _Entry("rejections", "have a correction not performed"),
        "halt": _Entry("halts", "only propose the corrections of a kind or to a system"),
        "resume": _Entry("halts", "let them go on"),
    },
    "Decide": {
        "governance": _Entry("governance", "the rules: check, show, diff, plan, publish"),
        "process": _Entry("process", "what must follow what, by when, and who owns it"),
    },
}
COMMANDS = {name: entry.module for section in SECTIONS.values() for name, entry in section.items()}
"""Command -> its module."""


def _unavailable(name: str, problem: ModuleNotFoundError) -> click.Command:
    """In place of a command whose packages are not installed: the others go on."""
    text = f"Needs more packages: pip install 'driftwise[stack]' ({problem})."

    @click.pass_context
    def refuse(ctx: click.Context) -> None:
        ctx.fail(text)

    lenient = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, help=text, context_settings=lenient)


class _Commands(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.says) for name, entry in entries.items()])

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


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="driftwise")
def driftwise() -> None:
    """Finds, proves and corrects process drift between CRM, billing, payments and ERP."""


def main() -> None:
    driftwise()
