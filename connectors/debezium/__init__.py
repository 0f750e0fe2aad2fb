"""PostgreSQL databases, captured by Debezium. The modules in the order in which a database is set up and read:

- `capture`: which tables of which system are captured, and the names that follow from it.
- `database` prepares PostgreSQL, with the `markers` that carry watermarks to every partition.
- `connector` is the connector's configuration; `apply` brings it to Kafka Connect, whose login and TLS are in `access`.
- `reader` turns the records of `src.<system>` into source events; `text` makes exact text of column values.
- `condition` tells how a capture stands, and `recapture` begins it anew with a snapshot.
"""
