"""Normalised keys: records that share one are compared, others never meet, so that a stream can do it."""

from __future__ import annotations

from streams.likeness.normalise import Normal

PREFIX = 4
CROWD = 200
"""A key that more records than this share tells nobody apart."""


def keys(record: Normal) -> tuple[str, ...]:
    """In order of how much they say; each begins with what it is made of."""
    words = sorted(record.name.split())
    found = {
        "tax": record.tax_id,
        "register": record.registration and f"{record.country}/{record.registration}",
        "domain": record.domain,
        "name": words and f"{record.country}/{' '.join(words)}",
        "place": record.postal_code and words and f"{record.country}/{record.postal_code}/{words[0][:PREFIX]}",
        "place2": record.postal_code and words and f"{record.country}/{record.postal_code}/{words[-1][:PREFIX]}",
        "street": record.street and record.city and f"{record.country}/{record.city}/{_numberless(record.street)}",
    }
    return tuple(f"{kind}:{value}" for kind, value in found.items() if value)


def meeting_key(one: tuple[str, ...], other: tuple[str, ...]) -> str | None:
    """The one key under which a pair is compared, however many it shares."""
    return next((key for key in one if key in other), None)


def _numberless(street: str) -> str:
    return " ".join(word for word in street.split() if not any(c.isdigit() for c in word))
