"""What the further kinds of `--kinds all` demand, and when it was not so: by native columns and true commit times.

`model` says what a claim is and when it opens; `sales`, `subscriptions`, `documents`, `payments`, `ledger`, `customers`
and `standing` make the claims of one customer's history, `across` those of two customers; `table` gathers them. Like
`obligations`, all of it is written without the code that it judges. One fault may break several claims: each is worked
out by itself."""
