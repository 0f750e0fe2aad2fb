"""The fleet stage: kinds about systems, letters, corrections and rates, not about one customer (catalogue 1.6)."""

from streams.fleet.stage import Fleet
from streams.fleet.table import FLEET_KINDS

__all__ = ["FLEET_KINDS", "Fleet"]
