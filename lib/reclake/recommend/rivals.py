"""Lists that need no training: what every model is compared with on held-out days."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from reclake.recommend.held_out import HeldOut, K
from reclake.recommend.interface import KindWeights
from reclake.recommend.popularity import popular_products
from reclake.recommend.weights import exact_sum, weight_of_kind

POPULAR_7_DAYS, LAST_CATEGORY = "popular_7_days", "last_category"
_RECENT_DAYS = 7
_OF_CATEGORY = (
    200  # products of a category that are looked through for those a customer has not seen; behind them come popular ones
)


def popular_lists_of_7_days(test: HeldOut, known: DataFrame, weights: KindWeights) -> DataFrame:
    """The lists of what was popular in the 7 days before the cut, all days alike; what nobody took then comes last.

    Parameters
    ----------
    known
        Interactions by customer (`weights.resolved`).
    """
    since = test.split.cut - timedelta(days=_RECENT_DAYS)
    recent = known.where((F.col("event_date") >= F.lit(since)) & (F.col("event_date") < F.lit(test.split.cut)))
    counted = recent.groupBy("product_id").agg(exact_sum(weight_of_kind(weights) * F.col("n_events")).alias("popularity"))
    return replace(test, catalogue=popular_products(test.catalogue, counted)).lists(None)


def lists_of_last_category(test: HeldOut, known: DataFrame, products: DataFrame) -> DataFrame:
    """What is popular in the category that the customer last had to do with before the cut, then what is popular.

    Of several categories on the last day that of most interactions counts, then the first by name. Whoever had to do with none is
    shown what is popular.

    Parameters
    ----------
    products
        product_id, category at the as_of.
    """
    categories = products.where(F.col("category").isNotNull()).select("product_id", "category")
    before = known.where(F.col("event_date") < F.lit(test.split.cut)).join(F.broadcast(categories), on="product_id", how="inner")
    by_day = before.groupBy("customer_id", "category", "event_date").agg(F.sum("n_events").alias("n"))
    newest = W.partitionBy("customer_id").orderBy(F.col("event_date").desc(), F.col("n").desc(), "category")
    last = by_day.withColumn("newest", F.row_number().over(newest)).where(F.col("newest") == 1).select("customer_id", "category")
    in_category = W.partitionBy("category").orderBy("place")
    offers = (
        test.catalogue
        .join(F.broadcast(categories), on="product_id", how="inner")
        .withColumn("number", F.row_number().over(in_category))
        .where(F.col("number") <= _OF_CATEGORY)
        .select("category", "product_id", F.col("number").alias("order"))
    )
    judged = test.truth.select("customer_id").distinct()
    own = judged.join(last, on="customer_id", how="inner").join(F.broadcast(offers), on="category", how="inner")
    unseen = own.join(test.seen, on=["customer_id", "product_id"], how="left_anti")
    popular = test.lists(None).select("customer_id", "product_id", (F.col("rank") + _OF_CATEGORY).alias("order"))
    both = unseen.select("customer_id", "product_id", "order").unionByName(popular)
    first = both.groupBy("customer_id", "product_id").agg(F.min("order").alias("order"))
    rank = F.row_number().over(W.partitionBy("customer_id").orderBy("order"))
    return first.select("customer_id", "product_id", rank.alias("rank")).where(F.col("rank") <= K)
