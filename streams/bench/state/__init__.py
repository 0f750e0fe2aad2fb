"""What a change costs as state grows: `templates` takes some customers through the real step, `copies` multiplies them,
`population` draws changes to them, `measured` works those off, `run` compares."""

from streams.bench.state.run import SIZE, run

TAKES = tuple(SIZE.populations)
__all__ = ["TAKES", "run"]
