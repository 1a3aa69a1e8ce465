"""Paths as tables for people: from gold, at one as_of, without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from reclake.behaviour.paths.definition import OTHER, PATH_END, PATH_START, Paths
from reclake.tables import gold

from .conditions import Condition
from .reader import Reader, Row

_LAST = (OTHER, PATH_START, PATH_END)  # nodes that are none stand below all others


def listed(paths: Mapping[str, Paths]) -> list[Row]:
    """What the catalogue holds: a row per definition."""
    return [
        {
            "path": name,
            "form": one.form,
            "goal": one.goal,
            "anchors": ", ".join(one.anchors),
            "breakdowns": ", ".join(one.breakdowns),
            "meaning": one.description,
        }
        for name, one in paths.items()
    ]


def _where(**values: object) -> list[Condition]:
    return [Condition(column, "=", (value,)) for column, value in values.items()]


def steps(
    reader: Reader, name: str, *, as_of: date, by: str, anchor: str, occurrence: str, direction: str
) -> tuple[list[Row], list[Row]]:
    """A row per node with its share of ways in each step, by a breakdown or in all; and per value how many ways there are."""
    where = _where(
        as_of_date=as_of, path=name, dimension=by, anchor=anchor, occurrence=occurrence, direction=direction
    )  # fmt: skip
    read = ["value", "node", "step", "node_share", "n_ways", "n_paths"]
    held = reader.rows(gold.PATH_STEPS, read, where, (("value", False), ("step", False), ("node", False)))
    numbers = sorted({row["step"] for row in held})
    cells = {(row["value"], row["node"], row["step"]): row["node_share"] for row in held}
    first_seen = {(value, node): min(n for n in numbers if (value, node, n) in cells) for value, node, _ in cells}
    order = sorted(
        first_seen,
        key=lambda key: (key[0], key[1] in _LAST, first_seen[key], -cells[*key, first_seen[key]], key[1]),
    )
    rows = [
        {**({"value": value} if by != "all" else {}), "node": node, **{str(n): cells.get((value, node, n)) for n in numbers}}
        for value, node in order
    ]
    ways = {row["value"]: {name: row[name] for name in ("value", "n_ways", "n_paths")} for row in held}
    return rows, list(ways.values())


def transitions(reader: Reader, name: str, *, as_of: date, by: str, top: int) -> tuple[list[Row], Row]:
    """The `top` most frequent transitions of each value; and what is not shown of all of them."""
    shown = ["from_node", "to_node", "n_transitions", "n_paths", "n_customers", "from_share", "to_share", "seconds_median"]
    order = (("value", False), ("n_transitions", True), ("from_node", False), ("to_node", False))
    held = reader.rows(gold.PATH_TRANSITIONS, ["value", *shown], _where(as_of_date=as_of, path=name, dimension=by), order)
    return _first(held, shown if by == "all" else ["value", *shown], "value", "n_transitions", top)


def routes(reader: Reader, name: str, *, as_of: date, top: int) -> tuple[list[Row], Row]:
    """The `top` most walked routes of each number of nodes; and what is not shown of all of them."""
    shown = ["n_nodes", "route", "n_occurrences", "n_paths", "n_customers", "n_converted", "conversion_share", "base_share", "lift_ratio"]  # fmt: skip
    order = (("n_nodes", False), ("n_paths", True), ("route", False))
    held = reader.rows(gold.PATH_ROUTES, shown, _where(as_of_date=as_of, path=name), order)
    in_order = sorted(held, key=lambda row: row["route"] == OTHER)  # what is left stands last
    return _first(sorted(in_order, key=lambda row: row["n_nodes"]), shown, "n_nodes", "n_occurrences", top)


def _first(held: list[Row], shown: list[str], group: str, counted: str, top: int) -> tuple[list[Row], Row]:
    """The first rows of each group; and how many rows are left, and how often they happened."""
    taken: dict[object, int] = {}
    rows: list[Row] = []
    left = {"rows": 0, "n": 0}
    for row in held:
        taken[row[group]] = taken.get(row[group], 0) + 1
        if taken[row[group]] <= top:
            rows.append({name: row[name] for name in shown})
        else:
            left = {"rows": left["rows"] + 1, "n": left["n"] + row[counted]}
    return rows, left
