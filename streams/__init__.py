"""The stages that turn changes into verdicts, and everything that runs them or looks at what they found.

Read in this order. What the words mean is in CONTRIBUTING.md.

- `inputs`, `shard`: what a stage is, and how one runs at one partition number. No Kafka, no disk, no clock.
- `topology`: which stage reads which topic. `driver` runs all stages in memory; its docstring is an example to try.
- `identify`: source rows become canonical changes of a canonical customer. `crosswalk` decides who that is.
- `judge`: canonical changes become drifts, commands and corrected state, by the rules in `kinds`.
- `suspects`, `fleet`: the two stages beside judge, for what concerns several customers or no customer at all.
- `governance`: what a company decides, read from YAML.
- `worker`: the same stages over Kafka, Faust and RocksDB. `execute` performs the commands.
- `look`, `verify`, `backtest`, `process_map`: questions about a deployment, its topics, a log, the rules.
- `cli`, `commands`: the command line. `demo`, `bench`: companies with known faults, and measurements.
"""
