"""Paths read plainly: lists of names, walked event by event. An oracle, which shares no code with the product."""

from collections import Counter, defaultdict

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


def counts(histories, *, goal, anchors, n_steps, n_anchor_steps, lengths, breakdowns=(), ignored=(), collapse):
    """What is counted of the paths of all customers: (measure, dimension, value, …) → Counter of n, n_paths, n_customers, n_converted."""
    found = defaultdict(Counter)
    whose = defaultdict(set)
    number = 0
    for customer, history in enumerate(histories):
        for path in paths_of(history, ignored=ignored, collapse=collapse):
            number += 1
            nodes = [event["node"] for event in path]
            goals = [place for place, node in enumerate(nodes) if node == goal]

            def add(*key, n=1, customer=customer, number=number):
                found[key]["n"] += n
                whose[key].add((customer, number))

            for dimension, value in [("all", "all"), *((name, path[0][name] or "unknown") for name in breakdowns)]:
                where = dimension, value
                add("paths", *where)
                found["paths", *where]["n_converted"] += bool(goals)
                for node in nodes:
                    add("nodes", *where, node)
                for one, other in zip(["path_start", *nodes], [*nodes, "path_end"], strict=True):
                    add("edges", *where, one, other)
                ways = [("path_start", "first", "from", -1, n_steps)]
                for anchor in anchors:
                    at = [place for place, node in enumerate(nodes) if node == anchor]
                    chosen = {"first": at[:1], "last": at[-1:], "all": at}
                    ways += [
                        (anchor, occurrence, way, place, n_anchor_steps)
                        for occurrence, places in chosen.items() for place in places for way in ("from", "to")
                    ]  # fmt: skip
                for anchor, occurrence, way, place, steps in ways:
                    for step in range(1, steps + 1):
                        there = place + step if way == "from" else place - step
                        inside = 0 <= there < len(nodes)
                        node = nodes[there] if inside else {"from": "path_end", "to": "path_start"}[way]
                        add("steps", *where, anchor, occurrence, way, step, node)
            for one, other in zip(path, path[1:], strict=False):
                found["seconds", "all", "all", one["node"], other["node"], other["at"] - one["at"]]["n"] += 1
            for length in lengths:
                first = {}
                for place in range(len(nodes) - length + 1):
                    route = tuple(nodes[place : place + length])
                    add("routes", "all", "all", route)
                    first.setdefault(route, place)
                for route, place in first.items():
                    found["routes", "all", "all", route]["n_converted"] += any(at >= place + length - 1 for at in goals)
    for key, who in whose.items():
        found[key]["n_customers"] = len({customer for customer, _ in who})
        if key[0] != "steps":  # ways are counted, and their customers
            found[key]["n_paths"] = len(who)
    return {key: dict(+of) for key, of in found.items()}
