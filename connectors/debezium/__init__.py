"""Databases, captured by Debezium, in the order in which one is set up and read.

`capture` says which tables of which system; `database` makes PostgreSQL ready, with `markers` that carry progress to
every partition; `connector` is the configuration and `apply` brings it to Kafka Connect; `reader` turns what arrives on
`src.<system>` into source events, its column values through `text`."""
