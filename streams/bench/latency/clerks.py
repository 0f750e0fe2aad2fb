"""The clerks who change the company's rows at a steady rate: a process of its own, so that it disturbs no stamp."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import click
import psycopg

from streams.bench.latency.company import INVOICES_EACH

CLERKS = 4
Change = Callable[[random.Random, int], tuple[str, tuple[object, ...]]]
"""(randomness, customer) -> statement and parameters: one row, one commit."""


def _subscription(rng: random.Random, n: int) -> tuple[str, tuple[object, ...]]:
    return "UPDATE subscription SET monthly_amount = %s WHERE id = %s", (rng.randrange(100, 1000), f"S{n}")


def _due_date(rng: random.Random, n: int) -> tuple[str, tuple[object, ...]]:
    invoice = f"I{n}-{rng.randint(1, INVOICES_EACH)}"
    return "UPDATE invoice SET due_on = due_on + 1 WHERE id = %s", (invoice,)


def _email(rng: random.Random, n: int) -> tuple[str, tuple[object, ...]]:
    return "UPDATE account SET bill_to_email = %s WHERE id = %s", (f"{rng.getrandbits(48):x}@{n}.example", f"A{n}")


MIX: tuple[tuple[Change, int], ...] = ((_subscription, 40), (_due_date, 35), (_email, 20))
POSTED_PERCENT = 5
"""The rest of the mix: a draft invoice is posted, and its posting never reaches the ledger."""


@dataclass
class Clerk:
    """One connection at a steady rate; a commit that took long is made up for at once."""

    conninfo: str
    number: int
    customers: int
    rate: float
    """Changes a second."""
    changes: int = 0
    behind_seconds_max: float = 0.0
    drafts: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        mine = range(self.number + 1, self.customers + 1, CLERKS)
        self.drafts = (f"I{n}-{i}" for i in range(1, INVOICES_EACH + 1) for n in mine)

    def work(self, over: threading.Event) -> None:
        rng, started = random.Random(self.number), time.monotonic()  # noqa: S311 - a workload, no secret
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            while not over.is_set():
                due = started + (self.changes + self.number / CLERKS) / self.rate
                now = time.monotonic()
                if now < due:
                    time.sleep(due - now)
                self.behind_seconds_max = max(self.behind_seconds_max, now - due)
                connection.execute(*self._next(rng), prepare=True)
                self.changes += 1

    def _next(self, rng: random.Random) -> tuple[str, tuple[object, ...]]:
        if rng.randrange(100) < POSTED_PERCENT and (draft := next(self.drafts, None)) is not None:
            return "UPDATE invoice SET status = 'Posted' WHERE id = %s", (draft,)
        (change,) = rng.choices([c for c, _ in MIX], [share for _, share in MIX])
        # Each clerk has customers of its own, so none waits for another's row.
        return change(rng, rng.randrange(self.number + 1, self.customers + 1, CLERKS))


@click.command()
@click.option("--conninfo", required=True)
@click.option("--customers", required=True, type=int)
@click.option("--rate", required=True, type=float)
def main(conninfo: str, customers: int, rate: float) -> None:
    """Change rows until standard input ends; then say how many and how far behind the clerks ever were."""
    over = threading.Event()
    clerks = [Clerk(conninfo, number, customers, rate / CLERKS) for number in range(CLERKS)]
    threads = [threading.Thread(target=clerk.work, args=(over,)) for clerk in clerks]
    for thread in threads:
        thread.start()
    click.get_text_stream("stdin").read()
    over.set()
    for thread in threads:
        thread.join()
    changes, behind = sum(c.changes for c in clerks), max(c.behind_seconds_max for c in clerks)
    click.echo(json.dumps({"changes": changes, "behind_seconds_max": round(behind, 3)}))


if __name__ == "__main__":
    main()
