"""Latency on the real stack: PostgreSQL commit to corrected state readable, and to drift readable.

`company` is the database and `clerks` change it at a steady rate; `deployment` is what a run sets up around it;
`listen` stamps what becomes readable when; `figures` turns the stamps into spans; `run` puts them together."""

from streams.bench.latency.run import run

__all__ = ["run"]
