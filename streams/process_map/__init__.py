"""The process as governed: what each kind waits for, by when, who owns it and what would put it right.

Made from the table of kinds and governance alone, so it says what is judged and not what somebody once drew."""

from streams.process_map.rows import Row, rows

__all__ = ["Row", "rows"]
