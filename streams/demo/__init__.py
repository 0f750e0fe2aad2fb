"""Companies that go from quote to cash through three systems, with seeded faults whose truth is known.

Read it in this order: `steps` (what a company does), `flaws` (what goes wrong), `journeys` (one customer from deal to
cash), `scenario` (all customers of a run), `companies` (the plan against real systems), `journal` (what was really
committed, and when), `obligations` and `truth` (what must have drifted then), `score` and `report` (what was found).
Everything but `companies`, `databases` and `crm` is pure: no clock, no I/O, one seed.
"""
