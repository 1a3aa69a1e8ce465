"""Counts of paths over streams of histories, against plain Python; parts of any size give the same."""

import random
from collections import Counter

import pytest

import plain_paths
from path_streams import DAY, NODES, definition, read
from reclake.behaviour.funnels.block import Block, Clock
from reclake.behaviour.paths.stream import Plan, counted


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
    sums = read(histories, definitions(), n_rows=5000, batch_rows=700)
    for one in definitions():
        expected = plain(histories, one)
        assert sums[one.name] == expected, one.name
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
        sums = read(histories, [one])[one.name]
        n_paths = sums["paths", "all", "all"]["n"]
        flow = Counter()
        for key, of in sums.items():
            if key[:2] == ("edges", "all"):
                flow["from", key[3]] += of["n"]
                flow["to", key[4]] += of["n"]
        for node in NODES:
            visits = sums["nodes", "all", "all", node]["n"]
            assert flow["from", node] == flow["to", node] == visits > 100
        assert flow["from", "path_start"] == flow["to", "path_end"] == n_paths
        lengths = Counter()
        for history in histories:
            lengths.update(len(path) for path in plain_paths.paths_of(history, ignored={"nothing"}, collapse=one.collapse))
        for n_nodes in one.route_lengths:
            walked = sum(of["n"] for key, of in sums.items() if key[0] == "routes" and len(key[3]) == n_nodes)
            assert walked == sum(n * max(0, length - n_nodes + 1) for length, n in lengths.items()) > 0


def test_every_step_holds_all_ways():
    draws = random.Random(4)
    histories = [random_history(draws) for _ in range(300)]
    for one in definitions():
        sums = read(histories, [one])[one.name]
        ways = Counter()
        for key, of in sums.items():
            if key[0] == "steps":
                ways[key[1:7]] += of["n"]
        for (dimension, value, anchor, occurrence, _, _), n in ways.items():
            if anchor == "path_start":
                assert n == sums["paths", dimension, value]["n"]
            else:
                visited = sums["nodes", dimension, value, anchor]
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
    sums = read([views], [definition(anchors=())], **sizes)["p"]
    assert sums["paths", "all", "all"] == {"n": 1, "n_paths": 1, "n_customers": 1}
    assert sums["edges", "all", "all", "home", "catalog"] == {"n": 50_000, "n_paths": 1, "n_customers": 1}
    assert sums["edges", "all", "all", "catalog", "home"] == {"n": 49_999, "n_paths": 1, "n_customers": 1}
    assert sums["routes", "all", "all", ("home", "catalog", "home")]["n"] == 49_999
    assert sums["seconds", "all", "all", "home", "catalog", 1]["n"] == 50_000


def test_nobody_counts_as_nothing():
    assert read([], definitions()) == {"raw": {}, "collapsed": {}}
    assert read([[{"at": 0, "node": "nothing", "channel": "app", "device": "d"}]], definitions()) == {"raw": {}, "collapsed": {}}
    assert list(counted([], Plan([], Clock("UTC", 30)))) == []
