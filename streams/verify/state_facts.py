"""What of the state is a fact: the same however commits and partitions fell. Tables, a row a sort of key.

Left out are revisions, watermarks, and how far an obligation was looked at: they say how it was computed, not what
is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.instants import Instant
from streams.identify import stays
from streams.identify.stays import Stay
from streams.judge.process import WHOLE
from streams.verify.compare import Fact, Rule
from tables.versions import MOVED, latest

_JUDGED = ("status", "trigger", "asked", "due", "opened_at", "clean_since", "baseline")
"""Fields of an obligation that are compared."""


def _here(value: Fact) -> Fact | None:
    """A record whose every version went elsewhere is not here, whether or not its history still is."""
    newest = latest(value["versions"])
    return None if newest is None or newest["op"] == MOVED else value


def _same_history(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """Whether the present version is the same. Of older ones each side keeps those that it needed when it folded."""
    if deployed is None or recomputed is None:
        return False
    if deployed["versions"] == recomputed["versions"]:  # most are
        return True
    sides = [_said(version) for version in deployed["versions"]], [_said(version) for version in recomputed["versions"]]
    tracks = _tracks(sides[0]), _tracks(sides[1])
    if tracks[0].keys() != tracks[1].keys():
        return latest(sides[0]) == latest(sides[1])
    return all(_same_end(tracks[0][name], tracks[1][name]) for name in tracks[0])


def _same_image(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """The same for an image, with what the source sent last."""
    if deployed is None or recomputed is None or not _same_history(deployed, recomputed):
        return False
    return _same_native(deployed.get("native"), recomputed.get("native"))


def _same_native(deployed: list[Any] | None, recomputed: list[Any] | None) -> bool:
    """Whether what was kept of the source's row is the same. Earlier releases kept nothing of it, or every field."""
    if deployed is None or recomputed is None:
        return deployed is None
    object_, fields, *seen = deployed
    return [object_, {name: fields[name] for name in recomputed[1] if name in fields}, *seen] == recomputed


def _same_parked(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """The same for a parked row. Earlier releases parked it with all columns, but without its reading and mapping."""
    if deployed is None or recomputed is None:
        return deployed is recomputed
    deployed, recomputed = _as_read(deployed), _as_read(recomputed)
    (*of_row, fields), (*of_same, kept) = deployed["row"], recomputed["row"]
    told_since: Fact = {name: recomputed[name] for name in ("read", "number") if name in recomputed}
    held = {**told_since, **deployed, "row": None}
    return of_row == of_same and held == {**recomputed, "row": None} and kept.items() <= fields.items()


def _as_read(parked: Fact) -> Fact:
    return {**parked, "read": _stated(parked["read"])} if "read" in parked else parked


def _same_but_for_stays(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """Which of the customers of before are remembered hangs on when routes were heard, on how many of these are held
    still, and on the release. What is remembered of both, by the number of the route, is so: but until when it was of
    nobody else, where the route that ended that is held no more."""
    if deployed is None or recomputed is None or _without_stays(deployed) != _without_stays(recomputed):
        return False
    held, made = _stays(deployed), _stays(recomputed)
    return all(_same_stay(held[number], made[number]) for number in held.keys() & made.keys())


def _same_stay(held: Stay, made: Stay) -> bool:
    return held == made or (held.route == 0 and held._replace(until=made.until) == made and held.until < made.until)


def _stays(value: Fact) -> dict[int, Stay]:
    return {stay.route: stay for stay in stays.of(value)}


def _without_stays(value: Fact) -> Fact:
    return {name: held for name, held in value.items() if name != "stays"}


def _mapping(value: Fact) -> Fact | None:
    """What was published. How it began, the replay was told."""
    return {"now": value["now"]} if value["number"] else None


def _said(version: Fact) -> Fact:
    """An attribute that came after a release is not in its state, and nobody has said it."""
    return version if version["attrs"] is None else {**version, "attrs": _stated(version["attrs"])}


def _stated(attributes: Fact) -> Fact:
    return {name: value for name, value in attributes.items() if value is not None}


def _tracks(versions: list[Fact]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for version in versions:
        found.setdefault(version["customer"], []).append(version)
    return found


def _same_end(some: list[Fact], others: list[Fact]) -> bool:
    count = min(len(some), len(others))
    return some[-count:] == others[-count:]


def _committed(value: Fact) -> Instant | None:
    instants = [version["committed_at"] for version in value["versions"]]
    return max(instants, default=None)


def _obligation(value: Fact) -> Fact | None:
    """Idle is what most become again; whether one is still written down says only when it was last looked at."""
    if value.get("status", "idle") == "idle":
        return None
    drift = value.get("drift")
    fact = {name: value.get(name) for name in _JUDGED}
    return fact | {"drift": drift and {"drift_id": drift["drift_id"], "command_id": drift["command_id"]}}


def _last_turn(fact: Fact) -> Instant | None:
    """Waiting for another record: it has no instant yet."""
    known = [fact["opened_at"], fact["due"], *(fact["trigger"] or [])[:1]]
    return max((instant for instant in known if instant is not None), default=None)


def _process(value: Fact) -> Fact | None:
    conditions = {name: reason for name, (status, reason, _) in value["conditions"].items() if status == "False"}
    fact: Fact = {name: value[name] for name in ("facts", "members", "open")}
    fact |= {"conditions": conditions}
    if value.get(WHOLE):
        fact["since"] = {"turned": value["conditions"], "met": value.get("met", {})}
    return fact if any(fact.values()) else None


def _same_process(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """Since when a condition stands, and whether it ever did, where both know."""
    held, made = deployed or _NO_PROCESS, recomputed or _NO_PROCESS
    if "since" in held and "since" in made:
        return held == made
    return {**held, "since": None} == {**made, "since": None}


_NO_PROCESS: Fact = {"facts": {}, "members": [], "open": {}, "conditions": {}}


def _same_while_it_stands(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """What is over is forgotten later where a record was missing as that was due: that hangs on where commits fell."""
    if deployed is None or recomputed is None:
        return "forgotten" in (deployed or recomputed or {})
    return deployed == recomputed


def _same_spans(deployed: Fact | None, recomputed: Fact | None) -> bool:
    """Likewise of each."""
    held, made = _spans(deployed), _spans(recomputed)
    if any(held[name] != made[name] for name in held.keys() & made.keys()):
        return False
    known = {**held, **made}
    return all(_is_over(known[name]) for name in held.keys() ^ made.keys())


def _spans(value: Fact | None) -> Fact:
    """Conflict -> from when until when, and what had been heard as either was told."""
    return {} if value is None else dict(value["spans"])


def _is_over(span: list[Any]) -> bool:
    return span[1] is not None


def _suspicion(value: Fact) -> Fact:
    """Whether it was told yet says how far the watermarks were seen."""
    return {name: held for name, held in value.items() if name != "opened"}


def _of_key(key: str, fact: Fact) -> str:
    return key.split("/", 2)[1]


def _life(value: Fact) -> Fact:
    """When it is forgotten shows in its tombstone."""
    return {name: value[name] for name in ("customer", "opened_at")}


def _opened(fact: Fact) -> Instant | None:
    instant: Instant = fact["opened_at"]
    return instant


def _whose(key: str, fact: Fact) -> str:
    return str(fact["customer"])


STATE: Mapping[str, Mapping[str, Rule | None]] = {
    # stage: {beginning of a key: how its values are compared, None: they follow from others}
    "identify": {
        "i": Rule("row images", same=_same_image, when=_committed),
        "w": Rule("routes", same=_same_but_for_stays),
        "l": Rule("links"),
        "h": Rule("holes", same=_same_but_for_stays),
        "k": Rule("parked rows", same=_same_parked),
        "j": None,  # where rows are parked: follows from them
        "m": Rule("mappings", _mapping),
        "s": Rule("sweeps"),
        "v": None,
    },
    "crosswalk": {
        "n": Rule("members of clusters"),
        "c": Rule("identity conflicts", _suspicion),
        "w": None,
        "b": Rule("parents"),
        "y": Rule("circles of parents", _suspicion),
        "v": None,
        "d": None,  # when drifts are forgotten: follows from their ends
    },
    "judge": {
        "e": Rule("entity versions", _here, _same_history, _committed),
        "o": Rule("obligations", _obligation, when=_last_turn, customer=_of_key),
        "h": Rule("holes"),
        "f": Rule("frozen customers", same=_same_spans),
        "g": Rule("holes of everyone"),
        "l": Rule("holes that were closed", same=_same_while_it_stands),
        "a": Rule("approvals", same=_same_while_it_stands),
        "n": Rule("rejections"),
        "b": Rule("what stops corrections", same=_same_while_it_stands),
        "d": Rule("lives of drifts", _life, when=_opened, customer=_whose),
        "p": Rule("process facts", _process, _same_process, customer=_of_key),
        "r": None,  # the reference index: checked against the versions it stands for
        "c": None,  # revisions
        "q": None,  # when documents leave: follows from their changes
        "y": None,  # whose command is rejected: follows from drifts
        "u": None,  # what waits for a record that is missing: follows from drifts
        "w": None,  # which verdicts nobody could write: follows from obligations
        "t": None,  # when drifts are forgotten: follows from their ends
        "k": None,  # what is forgotten once no record is missing: follows from those
        "v": None,  # governance versions: they came with the input, but the first
    },
    "suspects": {
        "m": Rule("members of business keys"),
        "p": Rule("suspects", _suspicion),
        "h": Rule("what is held of business keys"),
        "a": None,  # follows from what is held
        "d": None,  # when suspicions are forgotten: follows from their ends
    },
    "fleet": {
        "s": Rule("observations of sources"),
        "y": Rule("canaries of sources"),
        "g": Rule("gaps of sources"),
        "l": Rule("dead letters that drift"),
        "k": Rule("corrections without effect"),
        "m": Rule("mass drifts"),
        "b": Rule("breakers"),
        "h": Rule("what is withheld"),
        "d": Rule("drifts to be forgotten"),
        "w": Rule("what is looked at later"),
    },
}


def plain_state(items: Any) -> Any:
    """The state without entries that a stage keeps for itself."""
    return ((key, value) for key, value in items if not key.startswith("~"))


def _newest(value: Fact) -> Fact | None:
    newest = latest(value["versions"])
    if newest is None or newest["op"] == MOVED:
        return None
    return {name: newest[name] for name in ("version", "op", "committed_at")}


PART_OF_STATE: Mapping[str, Mapping[str, Rule | None]] = {
    # stage: what a replay of a part of its input can still tell, of the keys that it makes
    "identify": {"i": Rule("newest row images", _newest)},
    "judge": {"e": Rule("newest entity versions", _newest)},
}
