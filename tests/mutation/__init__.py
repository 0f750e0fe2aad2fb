"""How much of what decides is held by facts: each mutant is one small change to a module that decides, and is killed
by a fact that no longer holds. `ops/mutation.md` has the figures and how to read them."""
