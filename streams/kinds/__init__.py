"""The rule set: one row and one pure predicate a kind."""

from streams.kinds.table import BY_NAME, KINDS, Kind

__all__ = ["BY_NAME", "KINDS", "Kind"]
