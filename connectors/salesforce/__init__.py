"""A Salesforce org: polled for changes, and written to by corrections.

In reading order: `client` is the REST API, over `session` (login, retries, the server's clock). `poller` is the loop;
`object_poll` polls one object once. What it asks for follows from `cursor`, and what a row means from `rows`, both
pure. `outbox` collects rows, progress and `memory` (the cursors), and `delivery` writes them in one Kafka transaction.
`reader` turns the records into source events for the stages. `executor` performs corrections. `simulator` is an org for
demo and tests.
"""
