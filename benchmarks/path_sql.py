"""Paths by DuckDB's SQL, the same counts as reclake.behaviour.paths: transitions, steps and routes of collapsed visits.

python benchmarks/behaviour.py --work DIR --paths     # is what runs it, beside ours
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

N_STEPS = 10
LENGTHS = range(3, 7)
GOAL = "purchase"

Counts = dict[tuple[Any, ...], tuple[int, ...]]


def paths_by_sql(path: Path, *, gap: int, threads: int = 2) -> Counts:
    """(edges, from, to), (steps, step, node) and (routes, nodes…) → n and what else is counted of each."""
    connection = duckdb.connect(config={"threads": threads})
    _visits(connection, path, gap)
    sums: Counts = {}
    whose = "count(DISTINCT (customer_id, session)), count(DISTINCT customer_id)"
    edges = f"""
        SELECT node, coalesce(node_2, 'path_end'), count(*), {whose}, median(second_2 - second) FILTER (second_2 IS NOT NULL) FROM visits GROUP BY 1, 2
        UNION ALL SELECT 'path_start', node, count(*), {whose}, NULL FROM visits WHERE place = 1 GROUP BY 2
    """
    for one, other, *counts in connection.execute(edges).fetchall():
        sums["edges", one, other] = tuple(counts)
    steps = f"""
        SELECT place, node, count(*), count(DISTINCT customer_id) FROM visits WHERE place <= {N_STEPS} GROUP BY ALL
        UNION ALL SELECT step, 'path_end', count(*), count(DISTINCT customer_id)
        FROM visits, range(1, {N_STEPS + 1}) s(step) WHERE place = 1 AND n_visits < step GROUP BY ALL
    """
    for step, node, *counts in connection.execute(steps).fetchall():
        sums["steps", step, node] = tuple(counts)
    for length in LENGTHS:
        nodes = ", ".join(["node", *(f"node_{n}" for n in range(2, length + 1))])
        routes = f"""
            SELECT {nodes}, sum(n)::BIGINT, count(*), count(DISTINCT customer_id), count_if(last_goal >= ends) FROM (
                SELECT {nodes}, customer_id, session, count(*) AS n, min(place) + {length - 1} AS ends, any_value(last_goal) AS last_goal
                FROM visits WHERE node_{length} IS NOT NULL GROUP BY ALL)
            GROUP BY {nodes}
        """
        for row in connection.execute(routes).fetchall():
            sums["routes", *row[:length]] = row[length:]
    connection.close()
    return sums


def _visits(connection: duckdb.DuckDBPyConnection, path: Path, gap: int) -> None:
    """A table of visits of nodes: a row per run of one kind in a session, with the nodes behind it."""
    later = ", ".join(f"lead(kind, {n - 1}) OVER v AS node_{n}" for n in range(2, LENGTHS.stop))
    in_order, in_visit = (
        "(PARTITION BY customer_id ORDER BY second, position)",
        "(PARTITION BY customer_id, session ORDER BY second, position)",
    )
    connection.execute(f"""
        CREATE TEMP TABLE visits AS
        WITH cut AS (SELECT *, coalesce(second - lag(second) OVER w > {gap}, true) AS is_start FROM '{path}' WINDOW w AS {in_order}),
        numbered AS (SELECT *, sum(is_start::INT) OVER w AS session FROM cut WINDOW w AS {in_order}),
        runs AS (SELECT * FROM numbered WINDOW v AS {in_visit} QUALIFY lag(kind) OVER v IS DISTINCT FROM kind),
        placed AS (SELECT customer_id, session, second, kind AS node, row_number() OVER v AS place, lead(second) OVER v AS second_2, {later},
                   FROM runs WINDOW v AS {in_visit})
        SELECT *, count(*) OVER p AS n_visits, coalesce(max(place) FILTER (node = '{GOAL}') OVER p, 0) AS last_goal
        FROM placed WINDOW p AS (PARTITION BY customer_id, session)
    """)  # fmt: skip


def paths_by_ours(rows: list[Any], names: tuple[str, ...]) -> Counts:
    """The rows of path_counts in the form of paths_by_sql; medians are left out."""
    sums: Counts = {}
    for row in rows:
        fields = [row["code"] >> 6 * place & 63 for place in range(8)]
        node = lambda field, outside: names[field - 1] if field else outside  # noqa: E731
        if row["measure"] == "edges":
            key: tuple[Any, ...] = ("edges", node(fields[1], "path_start"), node(fields[0], "path_end"))
            sums[key] = (row["n"], row["n_paths"], row["n_customers"])
        elif row["measure"] == "steps":
            sums["steps", fields[1], node(fields[0], "path_end")] = (row["n"], row["n_customers"])
        elif row["measure"] == "routes":
            nodes = [names[field - 1] for field in fields[: row["n_nodes"]]]
            sums["routes", *nodes] = (row["n"], row["n_paths"], row["n_customers"], row["n_converted"])
    return sums


def medians_by_ours(rows: list[Any], names: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Median seconds of each pair of nodes, from the counts by seconds."""
    seconds: dict[tuple[str, str], Counter[int]] = {}
    for row in rows:
        if row["measure"] == "seconds":
            pair = names[(row["code"] >> 6 & 63) - 1], names[(row["code"] & 63) - 1]
            seconds.setdefault(pair, Counter())[row["seconds"]] += row["n"]
    sums = {}
    for pair, counts in seconds.items():
        n, so_far, middle = counts.total(), 0, []
        for second in sorted(counts):
            before, so_far = so_far, so_far + counts[second]
            middle += [second for place in ((n - 1) // 2, n // 2) if before <= place < so_far]
        sums[pair] = sum(middle) / 2
    return sums
