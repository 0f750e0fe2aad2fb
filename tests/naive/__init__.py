"""A second judge: kinds of drift as the catalogue words them, by brute force over a whole log.

It knows no stream, no state and no deadline index: at every instant at which something changed it looks at all records
as of then, and a verdict is a span of such looks. Imports nothing of the judgement."""
