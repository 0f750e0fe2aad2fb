"""Likeness of customer records: which might be one customer twice, and why. Pure; the text work is rapidfuzz's and
python-stdnum's."""
