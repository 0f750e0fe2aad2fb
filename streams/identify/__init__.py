"""Identify: source rows become canonical changes of their canonical customer, and are re-routed when links change.

- `stage` takes records in; `rows` makes a version of a row, by the governed mapping (`canonicalize`), and keeps it in
  the row's `images`.
- `links` tells the crosswalk which customers a record names. `routes` is the answer; `reroute` moves rows when it
  changes, and `stays` tells late rows to the customer who had them before.
- `progress` and `onward`: watermarks in and out. `gaps`, `losses`, `sweeps`: rows that a snapshot or a truncated table
  took away. `shown`: rows that a snapshot only repeats.
- `parking`: rows that wait for their parent row. `holes`, `letters`: evidence that is missing.
- `mappings`, `again`: a mapping is published, and known rows are read again.

`keys` lists every entry of the state. All of it is pure.
"""
