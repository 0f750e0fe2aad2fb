"""Records of different customers that share a business key: might they be one? A stage keyed by such keys, beside
judge, which sees one customer at a time (contracts 5)."""
