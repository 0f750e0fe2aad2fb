"""`python -m streams`: the same as `driftwise`."""

from streams.cli import main

main()
