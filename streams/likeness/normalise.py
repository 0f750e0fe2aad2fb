"""What is left of a name, number or address when everything that may be written in several ways is gone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

_LEGAL_FORMS = """
ab ag as asa bv co company corp corporation eg eu gmbh inc incorporated kg kgaa limited llc llp lp ltd mbh nv oy oyj plc
pty pvt sa sarl sas se spa srl sro ug
"""
LEGAL_FORMS = frozenset(_LEGAL_FORMS.split())
"""Words of a legal name that do not tell one company from another."""
_FREE_MAIL = """
aol.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com mail.ru outlook.com proton.me
protonmail.com web.de yahoo.com
"""
FREE_MAIL = frozenset(_FREE_MAIL.split())
"""Domains that say nothing about whose address it is."""
_STREETS = {"str": "street", "strasse": "street", "st": "street", "rd": "road", "ave": "avenue", "pl": "place"}


class Normal(NamedTuple):
    """A customer record as it is compared; empty where the record says nothing."""

    name: str = ""
    tax_id: str = ""
    registration: str = ""
    domain: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""


def normal(attributes: Mapping[str, Any]) -> Normal:
    """Of the canonical attributes of a customer."""
    country = _plain(attributes.get("country")).upper()
    return Normal(
        name=_name(attributes.get("name")),
        tax_id=_tax_id(attributes.get("tax_id"), country),
        registration=_alphanumeric(attributes.get("registration_number")),
        domain=_domain(attributes.get("domain")) or _domain(attributes.get("email")),
        street=_street(attributes.get("street")),
        city=_plain(attributes.get("city")),
        postal_code=_alphanumeric(attributes.get("postal_code")),
        country=country,
    )


def _plain(text: Any) -> str:
    """Lower case, no accents, one blank between words."""
    decomposed = unicodedata.normalize("NFKD", str(text or "").casefold().replace("ß", "ss"))
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", letters))


def _alphanumeric(text: Any) -> str:
    return _plain(text).replace(" ", "").upper()


def _name(text: Any) -> str:
    words = _plain(text).split()
    telling = [w for w in words if w not in LEGAL_FORMS]
    return " ".join(telling or words)


def _street(text: Any) -> str:
    return " ".join(_STREETS.get(word, word) for word in _plain(text).split())


def _tax_id(text: Any, country: str) -> str:
    """Compact as the country writes it, with the country in front."""
    compact = _alphanumeric(text)
    if not compact:
        return ""
    for kind in ("vat", "tin"):
        module = get_cc_module(country, kind) if country else None
        if module is not None:
            try:
                return f"{country}{str(module.compact(str(text))).removeprefix(country)}"
            except (ValidationError, ValueError):
                continue
    return f"{country}{compact.removeprefix(country)}"


def _domain(text: Any) -> str:
    host = str(text or "").strip().casefold().rpartition("@")[2].removeprefix("www.").rstrip("./")
    return "" if host in FREE_MAIL or "." not in host else host
