"""The contracts: canonical entities, records, topics, ids, codec. Imports nothing of ours."""
