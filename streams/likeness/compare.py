"""Two records compared: a weight of evidence for each field, after Fellegi and Sunter, and in words why.

I. Fellegi, A. Sunter: A Theory for Record Linkage, JASA 64 (1969). Weights are log2 of how much likelier an observation
is for one customer written twice than for two customers; they are round numbers, not fitted to a data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from streams.likeness.normalise import Normal

SUSPECT_ABOVE = 9.0
"""From here on two records are a suspected duplicate."""


class Field(NamedTuple):
    name: str
    words: str
    likeness: Callable[[str, str], float]
    """0 to 1."""
    weights: tuple[tuple[float, float], ...]
    """(likeness of at least, weight), falling; the last is for everything below."""


class Likeness(NamedTuple):
    weight: float
    reasons: tuple[str, ...]

    @property
    def suspect(self) -> bool:
        return self.weight >= SUSPECT_ABOVE


def _same(one: str, other: str) -> float:
    return float(one == other)


def _typed(one: str, other: str) -> float:
    """1 for the same, 0.5 for one slip of the keyboard."""
    distance = OSA.distance(one, other, score_cutoff=1)
    return 1.0 if distance == 0 else 0.5 if distance == 1 else 0.0


def _worded(one: str, other: str) -> float:
    return max(fuzz.token_sort_ratio(one, other), fuzz.ratio(one, other)) / 100


FIELDS: tuple[Field, ...] = (
    Field("name", "name", _worded, ((0.95, 7), (0.85, 5), (0.75, 3), (0.6, 0), (0, -5))),
    Field("tax_id", "tax id", _typed, ((1, 10), (0.5, 6), (0, -4))),
    Field("registration", "register number", _typed, ((1, 10), (0.5, 6), (0, -4))),
    Field("domain", "internet domain", _same, ((1, 5), (0, -1))),
    Field("street", "street", _worded, ((0.9, 5), (0.75, 3), (0.6, 1), (0, -1))),
    Field("city", "city", _worded, ((0.85, 2), (0.6, 0), (0, -1))),
    Field("postal_code", "postal code", _typed, ((1, 3), (0.5, 1), (0, -2))),
    Field("country", "country", _same, ((1, 0), (0, -6))),
)


def compare(one: Normal, other: Normal) -> Likeness:
    """Fields that one of them leaves empty say nothing."""
    weight, reasons = 0.0, []
    for field in FIELDS:
        a, b = getattr(one, field.name), getattr(other, field.name)
        if not a or not b:
            continue
        alike = field.likeness(a, b)
        points = next(w for least, w in field.weights if alike >= least)
        weight += points
        if points:
            reasons.append(f"{_degree(alike)} {field.words} ({points:+g})")
    return Likeness(weight, tuple(reasons))


def _degree(alike: float) -> str:
    if alike == 1:
        return "same"
    return "similar" if alike >= 0.5 else "different"
