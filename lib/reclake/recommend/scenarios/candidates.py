"""The products that the links of a chain propose to customers, as one array per customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.interface import FittedRecommender
from reclake.recommend.weights import exact_sum

from .definition import DUE, SEEN_WITH, Scenario
from .links import Link, RelatedLink, RowsLink, Wanted

PARTNERS = "partners"  # the pairs that "goes with" is true of, beside the keys of links
_COLUMNS = ("query_id", "link", "place", "score", "because", "fact")


def links_of(scenarios: Iterable[Scenario]) -> dict[str, Link]:
    """Every link that the scenarios name, by its key, in the order of keys."""
    links = {link.key: link for scenario in scenarios for _, link in scenario.links}
    return dict(sorted(links.items()))


def is_met(where: Mapping[str, Wanted]) -> Column:
    """Whether a row holds the wanted values; a list stands for any of its words."""
    met = F.lit(True)
    for name, value in sorted(where.items()):
        met = met & (F.col(name).isin(*value) if isinstance(value, tuple) else F.col(name) == F.lit(value))
    return met


def related_to_query(
    own: DataFrame, relations: DataFrame, places: DataFrame, links: Iterable[RelatedLink], *, is_strong: Column
) -> DataFrame:
    """What is related to the products of a query: query_id, link, place, score, because, fact.

    The score is the sum over the products of the query; the one that speaks most for a product is its `because`. `links` are those
    to be followed; the pairs of PARTNERS come with them.

    Parameters
    ----------
    own
        query_id, product_id: the product, or those of the basket.
    relations
        Rows of gold.product_relations of the as_of.
    places
        product_id, place of what may be shown. It is broadcast.
    is_strong
        Whether a pair meets more often than chance (`products.above_chance`).
    """
    keys = [F.when((F.col("relation") == "bought_together") & is_strong, F.lit(PARTNERS))]
    for link in links:
        follows = F.col("relation") == link.relation
        keys.append(F.when(follows & is_strong if link.above_chance else follows, F.lit(link.key)))
    best = F.min(F.struct((-F.col("score")).alias("order"), "product_id", "relation")).alias("best")
    summed = (
        own
        .join(relations.drop("rank"), on="product_id", how="inner")
        .select("query_id", "related_product_id", "score", "product_id", "relation",
                F.explode(F.array_compact(F.array(*keys))).alias("link"))
        .groupBy("query_id", "link", "related_product_id")
        .agg(exact_sum(F.col("score")).alias("score"), best)
    )  # fmt: skip
    fact = F.when(F.col("best.relation").isin("seen_together", "seen_next"), SEEN_WITH)
    placed = summed.join(
        F.broadcast(places.withColumnRenamed("product_id", "related_product_id")), on="related_product_id", how="inner"
    )
    return placed.select("query_id", "link", "place", "score", F.col("best.product_id").alias("because"), fact.alias("fact"))


def of_rows(tables: Mapping[str, DataFrame], links: Iterable[RowsLink], places: DataFrame) -> Iterator[DataFrame]:
    """What rows of tables of gold propose: a frame per link."""
    for link in links:
        rows = tables[link.table].where(is_met(link.where)).join(F.broadcast(places), on="product_id", how="inner")
        is_due = F.when(F.col("is_due"), DUE) if "is_due" in rows.columns else F.lit(None)
        yield rows.select(
            F.col("customer_id").alias("query_id"),
            F.lit(link.key).alias("link"),
            "place",
            F.col(link.score).cast("double").alias("score"),
            F.lit(None).cast("string").alias("because"),
            is_due.cast("string").alias("fact"),
        )


def of_model(model: FittedRecommender, key: str, people: DataFrame, own: DataFrame, places: DataFrame, *, n: int) -> DataFrame:
    """The `n` products that a model proposes to each customer, of those that they do not know yet.

    Parameters
    ----------
    people
        customer_id, each once, is_personal.
    own
        customer_id, product_id: what they know.
    places
        product_id, place of what may be shown.
    """
    candidates = places.join(F.broadcast(model.products), on="product_id", how="inner").select("place", "product_index")
    known = (
        own
        .join(F.broadcast(model.products), on="product_id", how="inner")
        .join(F.broadcast(places), on="product_id", how="left")
        .groupBy("customer_id")
        .agg(
            F.sort_array(F.collect_set("place")).alias("seen_places"),
            F.sort_array(F.collect_set("product_index")).alias("seen_indices"),
        )
    )
    none = F.array().cast("array<int>")
    asked = people.join(known, on="customer_id", how="left").select(
        "customer_id", "is_personal", *(F.coalesce(name, none).alias(name) for name in ("seen_places", "seen_indices"))
    )
    picked = model.with_picks(asked, candidates, n=n).select("customer_id", F.explode("picks").alias("pick"))
    because = model.products.select(F.col("product_id").alias("because"), F.col("product_index").alias("because_index"))
    return (
        picked
        .select(F.col("customer_id").alias("query_id"), "pick.place", "pick.score", "pick.because_index")
        .join(F.broadcast(because), on="because_index", how="left")
        .select("query_id", F.lit(key).alias("link"), "place", "score", "because", F.lit(None).cast("string").alias("fact"))
    )


def gathered(frames: Sequence[DataFrame]) -> DataFrame:
    """One row per query: query_id, candidates, sorted by link, score and place: (link, order = −score, place, because, fact)."""
    every = reduce(DataFrame.unionByName, (frame.select(*_COLUMNS) for frame in frames))
    one = F.struct("link", (-F.col("score")).alias("order"), "place", "because", "fact")
    return every.groupBy("query_id").agg(F.sort_array(F.collect_list(one)).alias("candidates"))
