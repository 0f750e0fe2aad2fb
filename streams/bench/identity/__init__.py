"""How many true duplicates the normalised keys and weights find, on the FEBRL data sets; not tuned to them."""

from streams.bench.identity.run import run

__all__ = ["run"]
