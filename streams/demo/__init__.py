"""Companies that go from quote to cash through three systems, with seeded faults whose truth is known.

Read it in this order: `steps` (what a company does), `flaws` (what goes wrong), `journeys` (one customer from deal to
cash, through `openings`, `contracts`, `documents` and `changes`), `scenario` (all customers of a run), `companies` (the
plan against real systems), `journal` (what was really committed, and when), `obligations`, `agreement` and `truth`
(what must have drifted then), `matching`, `score` and `report` (what was found).
All of that but `companies`, with its `databases` and `crm`, is pure: no clock, no I/O, one seed. `run` and `hold` put
it together with a real stack.
"""
