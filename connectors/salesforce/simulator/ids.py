"""Record ids: 15 case-sensitive characters, and three more that say which of them are capitals."""

import string

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SUFFIX = string.ascii_uppercase + "012345"
_POD = "Hp"  # the org's instance, characters four and five of every id


def record_id(prefix: str, number: int) -> str:
    """The 18-character id of the number-th record under a three-character object prefix; ids rise with the number."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    short = f"{prefix}{_POD}{digits:0>10}"
    return short + checksum(short)


def checksum(short: str) -> str:
    """The suffix of a 15-character id: a character for each block of five, bit i set where character i is a capital."""
    blocks = (short[start : start + 5] for start in range(0, 15, 5))
    return "".join(
        _SUFFIX[sum(1 << i for i, char in enumerate(block) if char in string.ascii_uppercase)] for block in blocks
    )


def full_id(text: str) -> str | None:
    """The 18-character form of a 15- or 18-character id, None if it is neither."""
    if len(text) == 15:
        return text + checksum(text)
    return text if len(text) == 18 and checksum(text[:15]) == text[15:].upper() else None
