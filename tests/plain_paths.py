"""Paths read plainly: lists of names, walked event by event. An oracle, which shares no code with the product."""

from collections import Counter, defaultdict
from itertools import pairwise

GAP = 1800


def paths_of(history, *, ignored=(), collapse):
    """The paths of one customer: lists of (at, node, values of breakdowns); history: dicts of at, node, device, and values."""
    visits, open_of = [], {}
    for event in history:
        device = event["device"]
        if device is None:
            continue
        seen = open_of.get(device)
        if seen is None or event["at"] - seen["last"] > GAP:
            seen = open_of[device] = {"events": []}
            visits.append(seen)
        seen["last"] = event["at"]
        if event["node"] in ignored:
            continue
        if not collapse or not seen["events"] or seen["events"][-1]["node"] != event["node"]:
            seen["events"].append(event)
    return [seen["events"] for seen in visits if seen["events"]]


def counts(histories, *, goal, lengths, breakdowns=(), ignored=(), collapse, **steps):
    """What is counted of the paths of all customers: (measure, dimension, value, …) → n, n_paths, n_customers, n_converted.

    `steps` are anchors, n_steps and n_anchor_steps.
    """
    sums = defaultdict(Counter)
    whose = defaultdict(set)
    number = 0
    for customer, history in enumerate(histories):
        for path in paths_of(history, ignored=ignored, collapse=collapse):
            number += 1
            nodes = [event["node"] for event in path]
            goals = [place for place, node in enumerate(nodes) if node == goal]
            values = [("all", "all"), *((name, path[0][name] or "unknown") for name in breakdowns)]
            added = [(key[0], *where, *key[1:]) for where in values for key in _of_path(nodes, **steps)]
            added += [("routes", "all", "all", route) for route in _routes(nodes, lengths)]
            for key in added:
                sums[key]["n"] += 1
                whose[key].add((customer, number))
            for where in values:
                sums["paths", *where]["n_converted"] += bool(goals)
            for one, other in pairwise(path):
                sums["seconds", "all", "all", one["node"], other["node"], other["at"] - one["at"]]["n"] += 1
            for route in set(_routes(nodes, lengths)):
                first = next(place for place in range(len(nodes)) if tuple(nodes[place : place + len(route)]) == route)
                sums["routes", "all", "all", route]["n_converted"] += any(at >= first + len(route) - 1 for at in goals)
    for key, who in whose.items():
        sums[key]["n_customers"] = len({customer for customer, _ in who})
        if key[0] != "steps":  # ways are counted, and their customers
            sums[key]["n_paths"] = len(who)
    return {key: dict(+of) for key, of in sums.items()}


def _of_path(nodes, *, anchors, n_steps, n_anchor_steps):
    """What is counted of one path, as often as it is."""
    yield ("paths",)
    for node in nodes:
        yield "nodes", node
    for one, other in pairwise(["path_start", *nodes, "path_end"]):
        yield "edges", one, other
    yield from _way(nodes, "path_start", "first", "from", -1, n_steps)
    for anchor in anchors:
        at = [place for place, node in enumerate(nodes) if node == anchor]
        for occurrence, places in {"first": at[:1], "last": at[-1:], "all": at}.items():
            for place in places:
                for direction in ("from", "to"):
                    yield from _way(nodes, anchor, occurrence, direction, place, n_anchor_steps)


def _way(nodes, anchor, occurrence, direction, place, n_steps):
    for step in range(1, n_steps + 1):
        there = place + step if direction == "from" else place - step
        outside = "path_end" if direction == "from" else "path_start"
        yield "steps", anchor, occurrence, direction, step, nodes[there] if 0 <= there < len(nodes) else outside


def _routes(nodes, lengths):
    return [tuple(nodes[place : place + length]) for length in lengths for place in range(len(nodes) - length + 1)]
