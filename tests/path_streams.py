"""Histories as the streams of paths read them, and what these count, under names."""

from collections import Counter

import pyarrow as pa

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
    sums = {one.name: {} for one in definitions}
    by_name = {one.name: one for one in definitions}
    for rows in counted(batches, Plan(definitions, Clock("UTC", 30), n_rows, most_rows, most_keys)):
        for row in rows.to_pylist():
            of = sums[row["path"]].setdefault(key_of(row, by_name[row["path"]]), Counter())
            of.update({name: row[name] for name in COUNTS})
    return {name: {key: dict(+counts) for key, counts in of.items()} for name, of in sums.items()}


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
