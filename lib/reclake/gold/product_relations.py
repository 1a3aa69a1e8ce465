"""gold.product_relations: which products go with, and follow, which."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.recommend.associations import (
    associations,
    beyond_chance,
    bought_next,
    bought_together,
    chance,
    confidence,
    customers_of_products,
    orders,
    seen_next,
)
from reclake.recommend.settings import RelationsSettings
from reclake.recommend.similarity import owned_products, similar_products

SEEN_TOGETHER, BOUGHT_TOGETHER, SEEN_NEXT, BOUGHT_NEXT = "seen_together", "bought_together", "seen_next", "bought_next"
_COUNTS = ("n_together", "n_product", "n_related", "n_all", "n_customers")


def product_relations(
    people: DataFrame,
    interactions: DataFrame,
    events: DataFrame,
    order_lines: DataFrame,
    products: DataFrame,
    *,
    as_of: date,
    relations: RelationsSettings,
    min_group_size: int,
    gap_minutes: int,
) -> DataFrame:
    """One row per relation, product and rank of a related product, `relations.n` at most.

    Customers who may be profiled and are no machines count. A pair has a row if at least `relations.min_customers` of them have
    it, each of its products at least `min_group_size` (docs/decisions/0074), and its score is above 0: of bought_together,
    seen_next and bought_next, if it is no accident.
    """
    who = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False))).select("account_id", "customer_id")
    taken = interactions.join(who, on="account_id", how="inner")
    owned = owned_products(taken, max_products=relations.max_products)
    similar = similar_products(owned, shrinkage=relations.shrinkage, weight_power=relations.weight_power)
    placed = orders(who, order_lines, max_products=relations.max_products)
    steps = {
        BOUGHT_TOGETHER: bought_together(placed),
        BOUGHT_NEXT: bought_next(placed),
        SEEN_NEXT: seen_next(who, events, gap_minutes=gap_minutes),
    }
    every = similar.select(
        F.lit(SEEN_TOGETHER).alias("relation"),
        "product_id",
        "related_product_id",
        "score",
        *_COUNTS[:-1],
        F.col("n_together").alias("n_customers"),
    )
    for relation, made in steps.items():
        counted = associations(made).select(
            F.lit(relation).alias("relation"), "product_id", "related_product_id", beyond_chance().alias("score"), *_COUNTS
        )
        every = every.unionByName(counted)
    known = customers_of_products(taken).where(F.col("n_product_customers") >= min_group_size)
    return _ranked(_of_many(every, known, least=relations.min_customers), n=relations.n).transform(
        _with_figures, products=products, as_of=as_of
    )


def _of_many(pairs: DataFrame, known: DataFrame, *, least: int) -> DataFrame:
    """The pairs that enough customers have, of products that enough have."""
    enough = pairs.where((F.col("n_customers") >= least) & (F.col("score") > 0))
    related = known.select(F.col("product_id").alias("related_product_id"))
    return enough.join(F.broadcast(known.select("product_id")), on="product_id", how="left_semi").join(
        F.broadcast(related), on="related_product_id", how="left_semi"
    )


def _ranked(pairs: DataFrame, *, n: int) -> DataFrame:
    greatest = W.partitionBy("relation", "product_id").orderBy(F.col("score").desc(), "related_product_id")
    return pairs.withColumn("rank", F.row_number().over(greatest)).where(F.col("rank") <= n)


def _with_figures(ranked: DataFrame, *, products: DataFrame, as_of: date) -> DataFrame:
    categories = products.select("product_id", F.col("category").alias("category"))
    others = products.select(F.col("product_id").alias("related_product_id"), F.col("category").alias("related_category"))
    return (
        ranked
        .join(F.broadcast(categories), on="product_id", how="left")
        .join(F.broadcast(others), on="related_product_id", how="left")
        .withColumns({
            "as_of_date": F.lit(as_of),
            "confidence": confidence(),
            "lift": confidence() / chance(),
            "is_same_category": F.col("category") == F.col("related_category"),
        })
    )
