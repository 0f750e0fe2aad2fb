"""The contracts between all parts: what a record, a topic, an id and an amount are. Imports nothing of ours.

`entities` (with `canonical/`) is the canonical model, `records` every Avro record, `topics` every topic. `source` is
what a connector's reader makes of a captured record. `codec` encodes and decodes, by `readers` and `writers` that are
compiled from the schemas, with the ids of `registry`. `ids`, `instants` and `money` are the small types.
"""
