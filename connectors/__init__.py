"""Changes in, corrections out: one folder a kind of system. Connectors know schemas and Kafka, but no stage.

- `debezium` captures PostgreSQL databases, `salesforce` polls an org. Both fill the topic `src.<system>`, and the
  `reader` of each turns what lies there into the source events of `schemas.source`.
- `erp.executor` and `salesforce.executor` perform corrections; `outcome` says what became of one.
- `errors`: the type of an error says what the caller does next.
- `stack`: the services that all this needs, on one machine, for demo and tests.
"""
