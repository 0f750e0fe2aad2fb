"""Judge: folds canonical changes into a customer's state and decides, in event time, what has drifted.

- `stage` takes records in. `fold` puts a change among the versions of its record and finds whom it concerns
  (`concerned`); `arming` notes which instant of those obligations is to be judged next.
- `gates` says which sources must have been heard before. `settle` then judges each instant in order: it asks the kind's
  predicate, and `obligation` is the state machine that turns answers into transitions.
- `announce` tells of a transition: drift, audit, command. `commands` decides whether a command is issued; what keeps it
  back is in `freeze`, `breaker`, `posting` and `unread`, what people decide about it in `approvals` and `rejections`
  (`decisions`: what both share), what asks again in `release` and `reconsider`.
- `flapping`, `openings`: a drift that opens again and again.
- `counting` says how a deadline counts, with `closing` (accounting periods) and `horizon`; `lacking` of which instants
  evidence is missing.
- `corrected` and `process` publish the corrected state; `turns` and `answered` keep the conditions in it.
- `published`, `rollout`, `kept`: governance that changes while it runs.
- `retention`, `leaving`, `lives`, `forgotten`: what leaves the state, and when.
- `told`, `reached`: what late evidence and gaps need to know of the past.

`keys` lists every entry of the state. All of it is pure.
"""
