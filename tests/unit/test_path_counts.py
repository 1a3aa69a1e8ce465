"""Counts of paths over streams of histories, against plain Python; parts of any size give the same."""

import random
from collections import Counter

import pyarrow as pa
import pytest

import plain_paths
from reclake.behaviour.funnels.block import Clock
from reclake.behaviour.paths.definition import Paths
from reclake.behaviour.paths.stream import COUNTS, Plan, counted

NODES = ("home", "catalog", "search", "cart", "purchase")
DAY, MICRO = 86_400, 1_000_000
KINDS = ("view_page", "view_item_list", "search", "add_to_cart", "purchase")


def definition(*, name="p", anchors=("cart",), goal="purchase", **more):
    nodes = [{"name": node, "any_of": [{"event": kind}]} for node, kind in zip(NODES, KINDS, strict=True)]
    return Paths.model_validate({"name": name, "description": "d", "nodes": nodes, "goal": goal, "anchors": anchors, **more})


def batch_of(histories, definitions):
    """The histories of several customers as the rows that the stream reads."""
    names = {f"dim_{name}": pa.string() for one in definitions for name in one.breakdowns}
    rows = [
        {
            "customer": customer * 7919 + 11, "moment": event["at"] * MICRO, "day": event["at"] // DAY,
            "unit": event["device"] and sum(map(ord, event["device"])), **{name: event[name.removeprefix("dim_")] for name in names},
            **{f"node_{n}": _code(one, event["node"]) for n, one in enumerate(definitions)},
        }
        for customer, events in enumerate(histories) for event in events
    ]  # fmt: skip
    longs = ["customer", "moment", "day", "unit", *(f"node_{n}" for n in range(len(definitions)))]
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema([*((name, pa.int64()) for name in longs), *names.items()]))


def _code(one, node):
    return one.code_of(node) if node in one.names else 0


def read(histories, definitions, *, n_rows=10**6, most_rows=10**6, batch_rows=10**6, most_keys=10**6):
    """Definition → what is counted, under the names that the plain reading uses."""
    batch = batch_of(histories, definitions)
    batches = [batch.slice(first, batch_rows) for first in range(0, len(batch), batch_rows)]
    found = {one.name: {} for one in definitions}
    by_name = {one.name: one for one in definitions}
    for counts in counted(batches, Plan(definitions, Clock("UTC", 30), n_rows, most_rows, most_keys)):
        for row in counts.to_pylist():
            sums = found[row["path"]].setdefault(key_of(row, by_name[row["path"]]), Counter())
            sums.update({name: row[name] for name in COUNTS})
    return {name: {key: dict(+of) for key, of in sums.items()} for name, sums in found.items()}


def key_of(row, one):
    code, place = row["code"], (row["measure"], row["dimension"], row["value"])
    node = lambda shift, outside: one.names[(code >> shift & 63) - 1] if code >> shift & 63 else outside  # noqa: E731
    match row["measure"]:
        case "nodes":
            return (*place, node(0, ""))
        case "edges":
            return (*place, node(6, "path_start"), node(0, "path_end"))
        case "seconds":
            return (*place, node(6, ""), node(0, ""), row["seconds"])
        case "steps":
            way = one.ways[code >> 12]
            ends = {"from": "path_end", "to": "path_start"}[way.direction]
            return (*place, way.anchor, way.occurrence, way.direction, code >> 6 & 63, node(0, ends))
        case "routes":
            return (*place, tuple(node(6 * n, "") for n in range(row["n_nodes"])))
    return place


def plain(histories, one):
    return plain_paths.counts(
        histories, goal=one.goal, anchors=one.anchors, n_steps=one.n_steps, n_anchor_steps=one.n_anchor_steps,
        lengths=one.route_lengths, breakdowns=one.breakdowns, ignored={"nothing"}, collapse=one.collapse,
    )  # fmt: skip


def random_history(draws, n_most=25):
    at, events = draws.randrange(3 * DAY), []
    for _ in range(draws.randrange(n_most)):
        at += draws.choice([0, 0, 1, 7, 30, 600, 1800, 1801, 40_000])
        events.append({
            "at": at, "node": draws.choice([*NODES, "catalog", "catalog", "nothing"]), "channel": draws.choice(["app", "web", None]),
            "device": draws.choice([None, "d", "d", "d", "e"]),
        })  # fmt: skip
    return events


def definitions():
    return [
        definition(name="raw", collapse=False, anchors=("cart", "home"), breakdowns=("channel",), n_steps=4, n_anchor_steps=2),
        definition(name="collapsed", breakdowns=("channel",), longest_route=5),
    ]


def test_random_histories_are_counted_as_a_plain_reading():
    draws = random.Random(1)
    histories = [random_history(draws) for _ in range(2000)]
    found = read(histories, definitions(), n_rows=5000, batch_rows=700)
    for one in definitions():
        expected = plain(histories, one)
        assert found[one.name] == expected, one.name
        assert {key[0] for key in expected} == {"paths", "nodes", "edges", "seconds", "steps", "routes"}


@pytest.mark.parametrize(("n_rows", "most_rows", "batch_rows", "most_keys"), [(40, 60, 13, 10), (5, 9, 3, 10**6)])
def test_parts_of_any_size_give_the_same(n_rows, most_rows, batch_rows, most_keys):
    draws = random.Random(n_rows)
    histories = [random_history(draws) for _ in range(30)]
    histories.insert(9, sorted((event for _ in range(40) for event in random_history(draws)), key=lambda one: one["at"]))
    histories.append(sorted((event for _ in range(40) for event in random_history(draws)), key=lambda one: one["at"]))
    sizes = {"n_rows": n_rows, "most_rows": most_rows, "batch_rows": batch_rows, "most_keys": most_keys}
    assert read(histories, definitions(), **sizes) == {one.name: plain(histories, one) for one in definitions()}


def test_what_comes_to_a_node_is_what_leaves_it():
    draws = random.Random(3)
    histories = [random_history(draws) for _ in range(300)]
    for one in definitions():
        found = read(histories, [one])[one.name]
        n_paths = found["paths", "all", "all"]["n"]
        flow = Counter()
        for key, of in found.items():
            if key[:2] == ("edges", "all"):
                flow["from", key[3]] += of["n"]
                flow["to", key[4]] += of["n"]
        for node in NODES:
            visits = found["nodes", "all", "all", node]["n"]
            assert flow["from", node] == flow["to", node] == visits > 100
        assert flow["from", "path_start"] == flow["to", "path_end"] == n_paths
        lengths = Counter()
        for history in histories:
            lengths.update(len(path) for path in plain_paths.paths_of(history, ignored={"nothing"}, collapse=one.collapse))
        for n_nodes in one.route_lengths:
            walked = sum(of["n"] for key, of in found.items() if key[0] == "routes" and len(key[3]) == n_nodes)
            assert walked == sum(n * max(0, length - n_nodes + 1) for length, n in lengths.items()) > 0


def test_every_step_holds_all_ways():
    draws = random.Random(4)
    histories = [random_history(draws) for _ in range(300)]
    for one in definitions():
        found = read(histories, [one])[one.name]
        ways = Counter()
        for key, of in found.items():
            if key[0] == "steps":
                ways[key[1:7]] += of["n"]
        for (dimension, value, anchor, occurrence, _, _), n in ways.items():
            if anchor == "path_start":
                assert n == found["paths", dimension, value]["n"]
            else:
                visited = found["nodes", dimension, value, anchor]
                assert n == visited["n" if occurrence == "all" else "n_paths"]
        assert len({key[5] for key in ways if key[2] == "path_start"}) == one.n_steps


def test_the_order_of_customers_changes_nothing():
    draws = random.Random(6)
    histories = [random_history(draws) for _ in range(60)]
    shuffled = draws.sample(histories, len(histories))
    assert read(histories, definitions()) == read(shuffled, definitions(), n_rows=100, batch_rows=30)


def test_a_customer_with_most_of_the_events_is_read_in_parts(monkeypatch):
    till = [{"at": 200 * n, "node": NODES[n % 4], "channel": "app", "device": "d" if n % 3 else "e"} for n in range(30_000)]
    few = [{"at": at, "node": "home", "channel": "web", "device": "d"} for at in (0, 5)]
    histories, sizes = [few, till, few], []
    monkeypatch.setattr(Block, "__init__", lambda self, *a, made=Block.__init__: (made(self, *a), sizes.append(len(self)))[0])
    at_once = read(histories, definitions())
    assert max(sizes) > len(till)
    sizes.clear()
    assert read(histories, definitions(), n_rows=1000, most_rows=4000, batch_rows=500) == at_once
    assert max(sizes) < 6000
    assert sum(sizes) > len(till)


@pytest.mark.parametrize("sizes", [{}, {"n_rows": 5000, "most_rows": 20_000, "batch_rows": 3000}])
def test_a_visit_of_a_hundred_thousand_events_is_one_path_of_which_everything_counts(sizes):
    views = [
        {"at": 3600 + second, "node": NODES[second % 2], "channel": "app", "device": "d"} for second in range(100_000)
    ]  # it goes over a midnight, and neither day is active from end to end
    found = read([views], [definition(anchors=())], **sizes)["p"]
    assert found["paths", "all", "all"] == {"n": 1, "n_paths": 1, "n_customers": 1}
    assert found["edges", "all", "all", "home", "catalog"] == {"n": 50_000, "n_paths": 1, "n_customers": 1}
    assert found["edges", "all", "all", "catalog", "home"] == {"n": 49_999, "n_paths": 1, "n_customers": 1}
    assert found["routes", "all", "all", ("home", "catalog", "home")]["n"] == 49_999
    assert found["seconds", "all", "all", "home", "catalog", 1]["n"] == 50_000


def test_nobody_counts_as_nothing():
    assert read([], definitions()) == {"raw": {}, "collapsed": {}}
    assert read([[{"at": 0, "node": "nothing", "channel": "app", "device": "d"}]], definitions()) == {"raw": {}, "collapsed": {}}
    assert list(counted([], Plan([], Clock("UTC", 30)))) == []
