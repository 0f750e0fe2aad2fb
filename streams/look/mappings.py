"""How a deployment reads its sources' rows, and what another mapping could not read of them."""

from __future__ import annotations

from collections.abc import Iterator

from streams.governance.mapping import SystemMapping
from streams.governance.model import Governance
from streams.identify import again, keys, mappings
from streams.inputs import Divert
from streams.look import changelog
from streams.look.read import Cluster


def in_force(cluster: Cluster, folders: Governance) -> Governance:
    """The governance with the mappings in force, as the first identify shard was told; all are told the same."""
    view = changelog.state(cluster, "identify", 0, keys.is_about_mappings)
    present = {system: mappings.in_force(view, folders, system) for system in folders.mappings}
    return folders.reading_by(present)


def changed(before: Governance, after: Governance) -> list[str]:
    """Systems whose rows are read otherwise."""
    return [system for system, mapping in after.mappings.items() if before.mappings.get(system) != mapping]


def unreadable(cluster: Cluster, before: Governance, after: Governance) -> Iterator[str]:
    """What would go to the dead letters of the rows that are known now, and why."""
    for system in changed(before, after):
        for partition in range(before.partitions):
            rows = changelog.state(cluster, "identify", partition, changelog.below(keys.system_prefix(system)))
            for key, image in rows.items():
                try:
                    again.try_out(image, before.mappings[system], after.mappings[system])
                except Divert as problem:
                    yield f"{key.removeprefix(keys.system_prefix(system))}: {problem}"


def not_kept(before: SystemMapping, after: SystemMapping) -> Iterator[tuple[str, str, str]]:
    """Object, key and field, where the one did not keep what the other reads or keeps: no row that is known has it,
    and a poller that was started with the one does not ask for it."""
    for name, mapping in after.items():
        kept: dict[str, str] = before[name].kept if name in before else {}
        yield from ((name, key, field) for field, key in sorted(mapping.kept.items()) if field not in kept)
