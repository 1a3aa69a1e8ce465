"""gold.popular_products: what most customers take, of all, of a category, on a channel, in a tier."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.recommend.interface import KindWeights
from reclake.recommend.settings import PopularitySettings
from reclake.recommend.weights import interaction_weight, weight_of_kind

_LAST_DAYS = 7
_EXACT = "decimal(26,12)"  # as exact_sum: sums of doubles depend on their order


def popular_products(
    people: DataFrame,
    interactions: DataFrame,
    products: DataFrame,
    customer_segments: DataFrame,
    *,
    as_of: date,
    popularity: PopularitySettings,
    weights: KindWeights,
    n: int,
    min_group_size: int,
) -> DataFrame:
    """One row per scope, value, kind and rank of a product on sale, `n` at most.

    Customers who may be profiled and are no machines count; a product has a row where at least `min_group_size` of them took it.
    """
    who = people.where(F.col("may_be_profiled") & ~F.coalesce("is_machine", F.lit(False)))
    on_sale = products.where(F.coalesce("is_active", F.lit(True))).select("product_id", "category")
    recent = F.col("event_date") >= F.lit(as_of - timedelta(days=_LAST_DAYS))
    decayed = interaction_weight(weights, as_of=as_of, half_life_days=popularity.half_life_days)
    taken = (
        interactions
        .join(who.select("account_id", "customer_id", "channel"), on="account_id", how="inner")
        .groupBy("customer_id", "channel", "product_id")
        .agg(
            F.sum(decayed.cast(_EXACT)).alias("decayed"),
            F.sum(F.when(recent, weight_of_kind(weights) * F.col("n_events")).cast(_EXACT)).alias("recent"),
        )
        .join(F.broadcast(on_sale), on="product_id", how="inner")
        .join(customer_segments.select("customer_id", "tier"), on="customer_id", how="left")
    )
    kinds = F.array(_kind("decayed", F.col("decayed")), _kind("last_7_days", F.col("recent")))
    counted = (
        taken
        .select("customer_id", "product_id", F.inline(_scopes()), kinds.alias("kinds"))
        .select("customer_id", "product_id", "scope", "value", F.inline("kinds"))
        .where(F.col("value").isNotNull() & (F.col("weight") > 0))
        .groupBy("scope", "value", "kind", "product_id")
        .agg(F.sum("weight").cast("double").alias("score"), F.count_distinct("customer_id").alias("n_customers"))
        .where(F.col("n_customers") >= min_group_size)
    )
    greatest = W.partitionBy("scope", "value", "kind").orderBy(F.col("score").desc(), "product_id")
    ranked = counted.withColumn("rank", F.row_number().over(greatest)).where(F.col("rank") <= n)
    return ranked.withColumn("as_of_date", F.lit(as_of))


def _scopes() -> Column:
    """What an interaction counts for."""
    of_all = F.struct(F.lit("all").alias("scope"), F.lit("all").alias("value"))
    others = (F.struct(F.lit(name).alias("scope"), F.col(name).alias("value")) for name in ("category", "channel", "tier"))
    return F.array(of_all, *others)


def _kind(name: str, weight: Column) -> Column:
    return F.struct(F.lit(name).alias("kind"), weight.alias("weight"))
