"""Lists of many queries at once, on the workers: blocks of queries meet the products of the day as Arrow.

A block holds some thousand queries and one copy of the shelf, so memory follows the size of a block and of the catalogue, never the
number of customers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from .candidates import PARTNERS, links_of
from .definition import MOST_POPULAR, Scenario
from .links import RelatedLink
from .related import LISTS, LookUp, Own, Partners, RelatedToOwn, look_up_in
from .serving import Asked, Candidate, served_scenarios
from .shelf import Shelf

_PLACED = "array<struct<place:int,days:int>>"
_CANDIDATES = "array<struct<link:string,order:double,place:int,because:string,fact:string>>"
# What a query is given; null counts as nothing.
QUERY = {
    "query_id": "string",
    "is_personal": "boolean",
    "own": "array<int>",
    "seen": "array<int>",
    "bought": _PLACED,
    "shown": _PLACED,
    "recent": "array<int>",
    "newest": "array<struct<product_id:string,recency:int,is_viewed:boolean,is_bought:boolean,is_new:boolean,is_newly_bought:boolean>>",
    "tier": "string",
    "channel": "string",
    "eligible": "array<string>",
    "candidates": _CANDIDATES,
}
_LISTED = tuple(name for name, kind in QUERY.items() if kind.startswith("array"))
_SHELF = ("place", "popularity", "is_open", "category", "variant", "popular_in")
_ROWS = (
    "query_id string, is_personal boolean, scenario string, block string, rank int, place int, position int, "
    "strategy string, score double, because string, reason string, evidence_product_id string"
)
_SCHEMA = pa.schema([
    ("query_id", pa.string()), ("is_personal", pa.bool_()), ("scenario", pa.string()), ("block", pa.string()), ("rank", pa.int32()), ("place", pa.int32()),
    ("position", pa.int32()), ("strategy", pa.string()), ("score", pa.float64()), ("because", pa.string()), ("reason", pa.string()),
    ("evidence_product_id", pa.string()),
])  # fmt: skip


def lists_of(
    queries: DataFrame, shelf: DataFrame, scenarios: Mapping[str, Scenario], *, n_blocks: int, relations: DataFrame | None = None
) -> DataFrame:
    """One row per query, scenario, block and rank: see `_ROWS`.

    Parameters
    ----------
    queries
        query_id, each once, and of the columns of QUERY those that are known.
    shelf
        Rows of `products.products_of_the_day`.
    n_blocks
        Into how many blocks queries are cut; each meets its own copy of the shelf.
    relations
        Rows of `related.relation_lists`, where what is related to the `newest` products of a query is to be looked up.
    """
    block = F.pmod(F.xxhash64("query_id"), F.lit(n_blocks)).cast("int").alias("cut")
    known = set(queries.columns)
    columns = [(F.col(name) if name in known else F.lit(None)).cast(kind).alias(name) for name, kind in QUERY.items()]
    copies = F.explode(F.sequence(F.lit(0), F.lit(n_blocks - 1))).alias("cut")
    beside = shelf.select(*_SHELF, *(F.lit(None).cast(kind).alias(name) for name, kind in LISTS.items()))
    if relations is not None:
        beside = beside.unionByName(relations, allowMissingColumns=True)
    return (
        queries
        .select(*columns, block)
        .groupBy("cut")
        .cogroup(beside.withColumn("cut", copies).groupBy("cut"))
        .applyInArrow(_server(scenarios), _ROWS)
    )


def evidence_relation(strategy: Column) -> Column:
    """The relation that a row's fact rests on; null where it needs none."""
    fact = F.col("reason")
    of_link = F.when(fact.isin("bought", "looked_at", "seen_with"), strategy)
    return F.when(fact == "goes_with", F.lit("bought_together")).otherwise(of_link)


def _server(scenarios: Mapping[str, Scenario]) -> Callable[[pa.Table, pa.Table], pa.Table]:
    links = {key: link for key, link in links_of(scenarios.values()).items() if isinstance(link, RelatedLink)}

    def serve(queries: pa.Table, beside: pa.Table) -> pa.Table:
        """One block: queries with the columns of QUERY; beside them products, and what is related to products."""
        if not queries.num_rows:
            return _SCHEMA.empty_table()
        shelf = _shelf_of(beside.filter(beside["place"].is_valid()))
        look_up = look_up_in(beside.filter(beside["relation"].is_valid()))
        columns: dict[str, list[Any]] = {name: [] for name in _SCHEMA.names}
        for query_id, eligible, asked in _asked(queries, links, look_up):
            rank, list_of = 0, ("", "")
            for name, block, pick in served_scenarios(asked, shelf, scenarios, eligible):
                rank = rank + 1 if (name, block) == list_of else 1
                list_of = name, block
                where = (query_id, asked.is_personal, name, block, rank)
                strategy = scenarios[name].blocks[block].chain[pick.position - 1].strategy
                row = (*where, pick.place, pick.position, strategy, pick.score, pick.because, pick.fact, pick.evidence)
                for values, value in zip(columns.values(), row, strict=True):
                    values.append(value)
        return pa.table(columns, schema=_SCHEMA)

    return serve


def _shelf_of(products: pa.Table) -> Shelf:
    """The shelf; places are 1, 2, … without gaps."""
    table = products.sort_by("place")
    popularity, is_open, category, variant = (table[name].to_pylist() for name in _SHELF[1:5])
    ranked: dict[str, list[tuple[int, int, float]]] = {}
    is_popular = [False] * len(is_open)
    for n, groups in enumerate(table["popular_in"].to_pylist()):
        for group in groups:
            ranked.setdefault(group["list"], []).append((group["rank"], n + 1, group["score"]))
        is_popular[n] = any(group["list"] == f"category/{category[n]}" and group["rank"] <= MOST_POPULAR for group in groups)
    lists = {name: [(place, score) for _, place, score in sorted(rows)] for name, rows in ranked.items()}
    return Shelf(is_open, category, variant, popularity, is_popular, lists)


def _asked(queries: pa.Table, links: Mapping[str, RelatedLink], look_up: LookUp) -> Iterator[tuple[str, tuple[str, ...], Asked]]:
    """Id, scenarios that the customer is eligible for, and query of each row."""
    lists = {name: _lists(queries[name]) for name in _LISTED}
    plain = (queries[name].to_pylist() for name in ("query_id", "is_personal", "tier", "channel"))
    for n, (query_id, is_personal, tier, channel) in enumerate(zip(*plain, strict=True)):
        candidates: dict[str, list[Candidate]] = {}
        partners: dict[int, str] = {}
        for link, order, place, because, fact in lists["candidates"](n):
            if link == PARTNERS:
                partners[place] = because
            else:
                candidates.setdefault(link, []).append(Candidate(place, -order, because, fact))
        newest = [Own._make(one) for one in lists["newest"](n)]
        related = RelatedToOwn(candidates, newest, links, look_up) if newest else None
        groups = {name: value for name, value in (("tier", tier), ("channel", channel)) if value is not None}
        asked = Asked(
            is_personal=bool(is_personal),
            own=lists["own"](n),
            seen=frozenset(lists["seen"](n)),
            bought=dict(lists["bought"](n)),
            shown=dict(lists["shown"](n)),
            recent=lists["recent"](n),
            groups=groups,
            candidates=candidates if related is None else related,
            partners=partners if related is None else Partners(related),
        )
        yield query_id, tuple(lists["eligible"](n)), asked


def _lists(column: pa.ChunkedArray) -> Callable[[int], list[Any]]:
    """Gives the list of a row: plain values, or tuples of a struct's fields. Whole columns are taken apart, not row by row."""
    array = column.combine_chunks()
    lengths = array.value_lengths().fill_null(0).to_pylist()
    ends, total = [], 0
    for length in lengths:
        total += length
        ends.append(total)
    flat = array.flatten()
    if pa.types.is_struct(flat.type):
        values: list[Any] = list(zip(*(part.to_pylist() for part in flat.flatten()), strict=True))
    else:
        values = flat.to_pylist()
    return lambda n: values[ends[n] - lengths[n] : ends[n]]
