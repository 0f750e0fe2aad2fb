"""The commands of `driftwise`, one module a subject; `streams.cli` assembles them."""
