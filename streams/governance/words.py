"""Names that a person typed, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 15


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """A hint to put behind `unknown`; empty where nothing comes close. `prefix`: what stands before each of them."""
    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {prefix + close[0]!r}?)" if close else ""


def meant(word: str, known: Iterable[str]) -> str:
    """The hint, and all that is known: of many only where there is no hint."""
    known = list(known)
    hint = did_you_mean(word, known)
    return hint if hint and len(known) > _FEW else f"{hint}; known: {', '.join(known)}"
