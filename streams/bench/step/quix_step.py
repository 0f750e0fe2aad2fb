"""Quix Streams: the same judge, codec and governance, run in the environment of the peers.

What Quix Streams cannot do it is spared. It calls us with one message and the state of that message's key: so a verdict
that falls due for another customer waits for that customer's next change, and there is no deadline index to keep.
Watermarks are kept in memory, for each partition: a restart would have to read them again. Effects go to topics by key;
partitions set explicitly, as corrected state needs them, are left out.

What we publish once a commit it publishes with each message: it calls nobody at a commit. `--spared` takes that off it
too, at the price of a wrong output: it publishes what it has not published for an interval, and the last word on a
record may never be said. So it bounds what Quix Streams could reach.

Settings are those of its documentation; interval, acks and compression the same for all contestants."""

# mypy: ignore-errors
# It runs on a library that our environment does not have.
from __future__ import annotations

import argparse
import logging
import time

from quixstreams import Application, message_context
from quixstreams.models import TopicConfig
from quixstreams.models.serializers import Serializer

from schemas import topics
from streams.bench.step.log import codec, governance
from streams.bench.step.quix_view import QuixView
from streams.inputs import Due, Input
from streams.judge.stage import Judge
from streams.worker import interpreter
from tables.view import Workspace

OUTPUTS = (topics.CORRECTED_STATE, topics.DRIFTS, topics.COMMANDS, topics.AUDIT)
COMMITTED_EVERY = 2_000
"""Messages between two words to the garbage collector, which our own worker says at each commit."""


class Body(Serializer):
    """The effect is encoded already: (topic, key, bytes)."""

    def __call__(self, value, ctx):
        return value[2]


class Step:
    def __init__(self, partitions, spared_seconds=0.0):
        self._spared_seconds, self._published = spared_seconds, {}
        self._codec, self._judge = codec(), Judge(governance())
        self._shared = [{} for _ in range(partitions)]
        self._judged = 0

    def decode(self, value, key, timestamp, headers):
        """Watermarks end here: they change what is shared, and belong to no key."""
        decoded, partition = self._codec.decode(value), message_context().partition
        if decoded.record != "Watermarks":
            return decoded
        ws = Workspace(QuixView(NoState(), self._shared[partition], self._judge.wake))
        self._judge.step(ws, partition, Input(topics.CHANGES, partition, 0, "", decoded.record, decoded.value, {}))
        self._shared[partition].update(ws.writes)
        return None

    def judge(self, decoded, key, timestamp, headers, state):
        context = message_context()
        partition = context.partition
        view = QuixView(state, self._shared[partition], self._judge.wake)
        record = Input(topics.CHANGES, partition, context.offset, key.decode(), decoded.record, decoded.value, {})
        ws = Workspace(view)
        self._judge.step(ws, partition, record)
        view.apply(ws.writes)
        effects, refreshed = ws.effects, dict.fromkeys(ws.refreshed)
        gates = dict(self._judge.gates(ws))
        while due := view.due(gates):
            for document, until in due:
                ws = Workspace(view)
                self._judge.settle(ws, Due(document, until))
                view.apply(ws.writes)
                effects += ws.effects
                refreshed |= dict.fromkeys(ws.refreshed)
        ws = Workspace(view)
        for place in filter(self._wanted, refreshed):
            self._judge.project(ws, place)
        view.apply(ws.writes)
        effects += ws.effects
        view.save()
        self._judged += 1
        if self._judged % COMMITTED_EVERY == 0:
            interpreter.committed()
        encode = self._codec.encode
        return [
            (e.topic, e.key.encode(), None if e.value is None else encode(e.topic, e.record, e.value)) for e in effects
        ]

    def _wanted(self, place):
        if not self._spared_seconds:
            return True
        now = time.monotonic()
        if now - self._published.get(place, -self._spared_seconds) < self._spared_seconds:
            return False
        self._published[place] = now
        return True


class NoState:
    def get_bytes(self, key, default=None):
        return default


def main():
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "run", "folder", "guarantee"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--commit-interval-seconds", type=float)
    parser.add_argument("--spared", action="store_true")
    given = parser.parse_args()
    interval = {} if given.commit_interval_seconds is None else {"commit_interval": given.commit_interval_seconds}
    app = Application(
        broker_address=given.bootstrap,
        consumer_group=given.run,
        auto_offset_reset="earliest",
        processing_guarantee=given.guarantee,
        state_dir=given.folder,
        producer_extra_config={"acks": "all", "compression.type": "lz4"},
        loglevel=logging.WARNING,
        **interval,
    )
    config = TopicConfig(num_partitions=governance().partitions, replication_factor=1)
    source = app.topic(topics.CHANGES, value_deserializer="bytes", key_deserializer="bytes", config=config)
    outputs = {
        name: app.topic(f"{given.run}.{name}", value_serializer=Body(), key_serializer="bytes", config=config)
        for name in OUTPUTS
    }
    step = Step(config.num_partitions, given.commit_interval_seconds or 1.0 if given.spared else 0.0)
    judged = app.dataframe(source).apply(step.decode, metadata=True)
    judged = judged[judged.apply(lambda decoded: decoded is not None)]
    judged = judged.apply(step.judge, stateful=True, metadata=True, expand=True)
    judged.to_topic(lambda effect, key, timestamp, headers: outputs[effect[0]], key=lambda effect: effect[1])
    interpreter.tune()  # as our own worker does
    app.run()


if __name__ == "__main__":
    main()
