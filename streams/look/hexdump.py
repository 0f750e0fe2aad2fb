"""Bytes for people: offset, sixteen bytes, and what is readable of them."""

from __future__ import annotations

from collections.abc import Iterator

_WIDTH = 16


def hexdump(data: bytes, limit: int = 1_024) -> Iterator[str]:
    for start in range(0, min(len(data), limit), _WIDTH):
        row = data[start : start + _WIDTH]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"{start:08x}  {row.hex(' '):<{_WIDTH * 3 - 1}}  {text}"
    if len(data) > limit:
        yield f"... {len(data) - limit} more bytes"
