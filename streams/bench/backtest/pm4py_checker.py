"""One run of a streaming conformance checker of pm4py over a CSV log. Runs in the yardsticks' environment; imports
nothing of ours.

Set up as its documentation says (processintelligence.solutions/pm4py/examples/streaming-process-mining), and then in
its favour where that changes nothing in what is found: the model is given rather than discovered; messages about
deviations are switched off; unless `--locked` is given, cases are kept in plain dictionaries, since there is one thread
(the default ones copy the names of all cases at every event that footprints check); and unless `--live` is given, each
event goes straight to the checker instead of through the stream's thread pool."""

import argparse
import json
import logging
import sys
import time
from collections.abc import Iterable
from typing import Any

import pm4py
from pm4py.objects.petri_net.obj import Marking, PetriNet
from pm4py.objects.petri_net.utils.petri_utils import add_arc_from_to
from pm4py.streaming.algo.conformance.footprints import algorithm as footprints
from pm4py.streaming.algo.conformance.tbr import algorithm as replay
from pm4py.streaming.importer.csv import importer
from pm4py.streaming.stream.live_event_stream import LiveEventStream
from pm4py.streaming.util.dictio import generator

PROCESS = {
    # activity: places it takes a token from, places it puts one into
    "account opened": (("begun",), ("open",)),
    "deal won": (("open",), ("to bill", "to book")),
    "billing account opened": (("to bill",), ("to subscribe",)),
    "subscription activated": (("to subscribe",), ("billable",)),
    "ERP customer set up": (("to book",), ("bookable",)),
    "invoice issued": (("billable", "bookable"), ("to post",)),
    "invoice posted": (("to post",), ("to pay",)),
    "invoice paid": (("to pay",), ("billable", "bookable")),
}
TREE = """->('account opened', 'deal won',
    +(->('billing account opened', 'subscription activated'), 'ERP customer set up'),
    *(->('invoice issued', 'invoice posted', 'invoice paid'), tau))"""
"""The same process as a tree, of which footprints are taken."""
LIVE_THREADS = 1
"""With its default of six, events of a case overtake each other."""


def model() -> tuple[PetriNet, Marking, Marking]:
    """A net without invisible steps, which the replay would have to search for."""
    net = PetriNet("order to cash")
    places = {name: PetriNet.Place(name) for sides in PROCESS.values() for side in sides for name in side}
    net.places.update(places.values())
    for activity, (taken, put) in PROCESS.items():
        step = PetriNet.Transition(activity, activity)
        net.transitions.add(step)
        for name in taken:
            add_arc_from_to(places[name], step, net)
        for name in put:
            add_arc_from_to(step, places[name], net)
    return net, Marking({places["begun"]: 1}), Marking({places["billable"]: 1, places["bookable"]: 1})


def checker(name: str, locked: bool) -> Any:
    kept = {"dict_variant": generator.Variants.THREAD_SAFE if locked else generator.Variants.CLASSIC}
    if name == "replay":
        return replay.apply(*model(), parameters=kept)
    return footprints.apply(pm4py.discover_footprints(pm4py.parse_process_tree(TREE)), parameters=kept)


def check(one: Any, events: Iterable[dict[str, str] | None], live: bool) -> int:
    """How many events there were; the verdicts stand in the checker."""
    stream = LiveEventStream({"thread_pool_size": LIVE_THREADS}) if live else None
    give = one.receive
    if stream:
        stream.register(one)
        stream.start()
        give = stream.append
    done = 0
    for event in events:
        if event is not None:  # the importer's way to say that the file is over
            give(event)
            done += 1
    if stream:
        stream.stop()
    return done


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("log")
    given.add_argument("--checker", choices=("replay", "footprints"), required=True)
    given.add_argument("--live", action="store_true")
    given.add_argument("--locked", action="store_true")
    options = given.parse_args()
    logging.disable(logging.CRITICAL)
    one = checker(options.checker, options.locked)
    wall, cpu = time.perf_counter(), time.process_time()
    done = check(one, importer.apply(options.log), options.live)
    verdicts = one.get()
    cost = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu, "events": done}
    noticed = sorted(verdicts[~verdicts["is_fit"].astype(bool)]["case"])
    sys.stdout.write("\n")  # pm4py greets on standard output
    json.dump({**cost, "noticed": noticed}, sys.stdout)


main()
