"""Counts of paths over streams of histories, against plain Python; parts of any size give the same."""

import random
from collections import Counter

import pyarrow as pa
import pytest

import plain_paths
from reclake.behaviour.funnels.block import Block, Clock
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
