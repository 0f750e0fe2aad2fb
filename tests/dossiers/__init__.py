"""One dossier a kind: the story of a drift, its near misses, and what must be said about it.

`tests/unit/test_dossiers.py` holds every kind to the same facts."""
