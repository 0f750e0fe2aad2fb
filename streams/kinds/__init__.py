"""The rule set: one row and one pure predicate a kind of drift.

`model` is the row and `finding` the answer. `asof` is all that a predicate may look at. `facts` are what a deadline may
begin with. `rules` has one module a kind, and `table` gathers them; the other modules are what several rules share.
"""

from streams.kinds.table import BY_NAME, KINDS, Kind

__all__ = ["BY_NAME", "KINDS", "Kind"]
