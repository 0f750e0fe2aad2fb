"""`driftwise kpis`: how much of what was due was done in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click
from rich.console import RenderableType

from schemas.instants import SECOND, Instant, iso
from streams.commands.context import json_option
from streams.commands.looking import sight
from streams.commands.told import told_in_one_line
from streams.commands.verify import Since
from streams.kinds.spans import span
from streams.look.kpis import Kpi, Refused, kpis_of, read_refused, read_settled
from streams.look.shown import NOTHING, console, print_json, table


@click.command()
@click.option(
    "--since",
    type=Since(),
    default="30d",
    show_default=True,
    metavar="T",
    help="Of what was due since T, or so long ago.",
)
@json_option
@told_in_one_line
def kpis(since: Instant, as_json: bool) -> None:
    """How much of what was due was done in time: by number, by amount, for how long the rest was overdue, and how long
    it took from what demands it to its answer.

    Sums over the audit, so the same again after a replay. What stood before go-live, was withdrawn or is ignored counts
    as not due; of what cannot be told yet `driftwise sources` says why."""
    see = sight()
    settled, refused = read_settled(see.cluster, since), read_refused(see.cluster, since)
    now = see.now
    found = kpis_of(settled, since, now)
    if as_json:
        every, *kinds = found or (None,)
        by_kind = {kpi.kind: _document(kpi) for kpi in kinds if kpi}
        deadlines, letters = _document(every) if every else None, refused._asdict()
        print_json(
            {"deadlines": deadlines, "by_kind": by_kind, "dead_letters": letters, "since": since, "read_at": now}
        )
    else:
        console().print(*_pages(found, since, now), *_refused(refused), sep="\n")


def _document(kpi: Kpi) -> dict[str, object]:
    return {name: value for name, value in kpi._asdict().items() if name != "kind"}


def _pages(found: tuple[Kpi, ...], since: Instant, now: Instant) -> Iterator[RenderableType]:
    window = f"from {iso(since)} to {iso(now)}"
    if not found:
        yield f"nothing was due {window}"
        return
    overdue, answered = ("overdue, median", "longest"), ("answered in, median", "95%")
    columns = ("kind", "due", "on time", "by amount", "late", "missed", *overdue, *answered, "not due")
    yield table(columns, map(_row, found))
    yield f"due {window}; what is not answered yet counts with its age"


def _refused(refused: Refused) -> Iterator[str]:
    if refused.records:
        yield (
            f"{refused.records} records went to the dead letters, {refused.replays} replays were refused again: "
            "`driftwise dead-letters list`"
        )


def _row(kpi: Kpi) -> tuple[str, ...]:
    amounts = ", ".join(f"{share:.1%} of {currency}" for currency, share in kpi.on_time_by_amount.items())
    return (
        kpi.kind or "all deadlines",
        str(kpi.due),
        NOTHING if kpi.on_time is None else f"{kpi.on_time:.1%}",
        amounts or NOTHING,
        str(kpi.late or NOTHING),
        str(kpi.missed or NOTHING),
        *(_span(kpi.overdue_seconds, rank) for rank in ("p50", "max")),
        *(_span(kpi.propagation_seconds, rank) for rank in ("p50", "p95")),
        str(kpi.not_due or NOTHING),
    )


def _span(seconds: Mapping[str, float], rank: str) -> str:
    return span(round(seconds[rank] * SECOND)) if seconds else NOTHING
