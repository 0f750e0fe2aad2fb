"""Precision and recall of duplicate suspects, with and without a number that identifies."""

from __future__ import annotations

import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from streams.bench.machine import describe
from streams.bench.peers import environment
from streams.bench.table import Bench
from streams.likeness.compare import compare
from streams.likeness.keys import CROWD, keys, meeting_key
from streams.likeness.normalise import Normal, normal

Pair = frozenset[str]


def run(bench: Bench) -> dict[str, Any]:
    """`data_sets` {name: {precision, recall, found_by_keys, pairs_compared, seconds}}, each also without the number."""
    interpreter = environment.python(bench.progress, environment.YARDSTICKS)
    bench.progress("reading the FEBRL data sets ...")
    script = Path(__file__).parent / "febrl.py"
    done = subprocess.run([str(interpreter), str(script)], capture_output=True, check=True)
    sets: dict[str, Any] = json.loads(done.stdout)
    figures = {}
    for name, data in sets.items():
        bench.progress(f"{name}: {len(data['rows'])} records, {len(data['links'])} true pairs")
        figures[name] = _measure(data, with_number=True)
        figures[f"{name} without number"] = _measure(data, with_number=False)
    return {"bench": "identity", "data_sets": figures, "machine": describe(), "rounds": 1}


def _measure(data: Mapping[str, Any], *, with_number: bool) -> dict[str, float]:
    started = time.perf_counter()
    records = {row["id"]: normal(_as_customer(row, with_number)) for row in data["rows"]}
    files = {row["id"]: row["file"] for row in data["rows"]}
    candidates = [pair for pair in _meet(records) if not data["two_files"] or len({files[id_] for id_ in pair}) == 2]
    suspects = {pair for pair in candidates if compare(*(records[id_] for id_ in sorted(pair))).suspect}
    truth = {frozenset(link) for link in data["links"]}
    right = len(suspects & truth)
    return {
        "precision": round(right / max(1, len(suspects)), 4),
        "recall": round(right / len(truth), 4),
        "found_by_keys": round(len(truth & set(candidates)) / len(truth), 4),
        "pairs_compared": len(candidates),
        "seconds": round(time.perf_counter() - started, 2),
    }


def _as_customer(row: Mapping[str, Any], with_number: bool) -> dict[str, Any]:
    """A person as a customer: FEBRL has no internet domain; its social security number stands for a tax id."""
    return {
        "name": _joined(row, "given_name", "surname"),
        "street": _joined(row, "street_number", "address_1"),
        "city": row["suburb"],
        "postal_code": row["postcode"],
        "tax_id": row["soc_sec_id"] if with_number else None,
    }


def _joined(row: Mapping[str, Any], *names: str) -> str:
    return " ".join(str(row[name]) for name in names if row[name])


def _meet(records: Mapping[str, Normal]) -> Iterable[Pair]:
    by_key: dict[str, list[str]] = defaultdict(list)
    known = {id_: keys(record) for id_, record in records.items()}
    for id_, found in known.items():
        for key in found:
            by_key[key].append(id_)
    for key, ids in by_key.items():
        if len(ids) <= CROWD:
            for one, other in combinations(sorted(ids), 2):
                if meeting_key(known[one], known[other]) == key:
                    yield frozenset((one, other))
