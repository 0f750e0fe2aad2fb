"""A click group that suggests what a typo was meant to be, and shows the first sentence of each command in full."""

from __future__ import annotations

import click


class Group(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as problem:
            from streams.governance.words import did_you_mean  # as late as the commands

            problem.message += did_you_mean(args[0], self.list_commands(ctx))
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _says(self.commands[name])) for name in self.list_commands(ctx)])


def _says(command: click.Command) -> str:
    """Its first sentence, whole."""
    paragraph, _, _ = (command.help or "").partition("\n\n")
    sentence, _, _ = " ".join(paragraph.split()).partition(". ")
    return sentence.removesuffix(".")
