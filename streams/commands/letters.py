"""`driftwise dead-letters`: what could not be read or mapped; replay it once the cause is mended, or give it up."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator

import click

from schemas.codec import Unreadable
from schemas.instants import iso
from streams.commands.context import json_option
from streams.commands.looking import Sight, sight
from streams.commands.told import told_in_one_line
from streams.groups import Group
from streams.look.hexdump import hexdump
from streams.look.letters import Letter, Letters, dismiss, read_letters, replay
from streams.look.read import CannotLook
from streams.look.shown import ago, console, jsonable, print_json, table
from streams.look.write import encoded, write, write_together

_INDENTED = "\n               "


@click.group("dead-letters", cls=Group)
def dead_letters() -> None:
    """What could not be read or mapped: list, show, replay, dismiss."""


@dead_letters.command("list")
@click.option("--reason", help="Only letters refused for this reason.")
@click.option("--all", "all_", is_flag=True, help="Replayed and dismissed ones as well.")
@json_option
@told_in_one_line
def list_(reason: str | None, all_: bool, as_json: bool) -> None:
    """Letters that wait for somebody, oldest first. One is replayed once a HoleClosed of its id is in q2c.changes."""
    see = sight()
    letters = read_letters(see.cluster)
    found = letters.sorted(reason) if all_ else letters.unsettled(reason)
    if as_json:
        print_json([_summary(letters, letter) for letter in found])
        return
    columns = ("letter", "refused", "system", "entity", "stage", "reason", "hops", "status")
    rows = [
        (x["letter_id"], ago(x["diverted_at"], see.now), x["system"], x["entity"], x["stage"], x["reason"],
         str(x["hops"]), letters.status(x))
        for x in found
    ]  # fmt: skip
    console().print(table(columns, rows) if rows else "none")


def _summary(letters: Letters, letter: Letter) -> dict[str, object]:
    named = ("letter_id", "diverted_at", "system", "entity", "stage", "reason", "detail", "hops")
    return {name: letter[name] for name in named} | {"status": letters.status(letter)}


@dead_letters.command()
@click.argument("letter_id")
@json_option
@told_in_one_line
def show(letter_id: str, as_json: bool) -> None:
    """One letter in full: where it came from, what was wrong, and the original record."""
    see = sight()
    letters = read_letters(see.cluster)
    letter = letters.get(letter_id)
    if as_json:
        print_json(letter | {"status": letters.status(letter), "decoded": _decoded(see, letter)})
        return
    for line in _page(see, letters, letter):
        click.echo(line)


def _page(see: Sight, letters: Letters, letter: Letter) -> Iterator[str]:
    yield f"{letter['letter_id']}: {letters.status(letter)}, refused {letter['hops']} x"
    yield f"  last refused {iso(letter['diverted_at'])} ({ago(letter['diverted_at'], see.now)}) by {letter['stage']}"
    yield f"  read from    {letter['topic']}-{letter['partition']}@{letter['offset']}"
    yield f"  about        {letter['system'] or 'no system'}, {letter['entity']}"
    yield f"  reason       {letter['reason']}: {letter['detail']}"
    for name, value in sorted(letter["original_headers"].items()):
        yield f"  header       {name}: {value!r}"
    key, value = letter["original_key"], letter["original_value"]
    yield f"  key          {'none' if key is None else key!r}"
    decoded = _decoded(see, letter)
    if decoded is not None:
        text = json.dumps(jsonable(decoded), indent=2, ensure_ascii=False)
        yield f"  value        {_INDENTED.join(text.splitlines())}"
    elif value is None:
        yield "  value        none"
    else:
        yield f"  value        {len(value)} bytes that cannot be decoded"
        yield from (f"    {line}" for line in hexdump(value))


def _decoded(see: Sight, letter: Letter) -> dict[str, object] | None:
    """The original value, where it was the content that was refused and not the encoding."""
    if letter["original_value"] is None:
        return None
    try:
        found = see.cluster.codec.decode(letter["original_value"])
    except Unreadable:
        return None
    return {"record": found.record, **found.value}


@dead_letters.command("replay")
@click.argument("letter_id", required=False)
@click.option("--all", "all_", is_flag=True, help="Every letter that was not refused too often.")
@click.option("--reason", help="With --all: only letters refused for this reason.")
@click.option("--force", is_flag=True, help="Also what was refused three times.")
@json_option
@told_in_one_line
def replay_(letter_id: str | None, all_: bool, reason: str | None, force: bool, as_json: bool) -> None:
    """Put the original bytes of LETTER_ID, or of --all, behind their partition once more."""
    if (letter_id is None) != all_:
        raise click.UsageError("give a letter id, or --all")
    see = sight()
    letters = read_letters(see.cluster)
    waiting = letters.unsettled(reason) if letter_id is None else [letters.get(letter_id)]
    chosen = [x for x in waiting if letter_id is not None or force or letters.status(x) == "new"]
    count = write(see.settings, [replay(letter, force=force) for letter in chosen])
    if as_json:
        print_json({"replayed": [x["letter_id"] for x in chosen], "needs_fix": len(waiting) - len(chosen)})
        return
    left = f"; {len(waiting) - len(chosen)} need mending first (--force replays them)" if len(waiting) > count else ""
    click.echo(f"{count} replayed{left}; `driftwise dead-letters list` shows what comes back")


@dead_letters.command("dismiss")
@click.argument("letter_id")
@click.option("--reason", required=True, help="Why nobody needs it; kept with the record that closes the hole.")
@json_option
@told_in_one_line
def dismiss_(letter_id: str, reason: str, as_json: bool) -> None:
    """Close the hole of LETTER_ID for good: verdicts no longer wait for what it said."""
    if not reason.strip():
        raise CannotLook("a dismissal needs a reason: somebody will ask")
    see = sight()
    effects = dismiss(read_letters(see.cluster), see.governance, letter_id, reason, getpass.getuser(), see.now)
    write_together(see.settings, [encoded(see.cluster.codec, effect) for effect in effects])
    if as_json:
        print_json({"dismissed": letter_id, "reason": reason})
    else:
        click.echo(f"{letter_id} is dismissed; what waited for it is judged without it")
