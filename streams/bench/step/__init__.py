"""The full step measured: one log of canonical changes judged by the bare loop, by the worker and by Quix Streams.

`journeys` draws the customers, `rows` turns what they do into canonical changes, `log` keeps them as the bytes of
q2c.changes; `inprocess` judges such a log without a broker, which is also what `profile` looks into."""
