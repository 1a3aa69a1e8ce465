"""What lists need to know of each customer: what they had to do with, bought and were shown, and where they belong."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window as W

from reclake.recommend.weights import resolved
from reclake.records.values import business_day

VIEW, PURCHASE = "view", "purchase"  # kinds of silver.interactions


def own_products(people: DataFrame, interactions: DataFrame, *, as_of: date) -> DataFrame:
    """One row per customer who may be profiled and product.

    customer_id, product_id, recency (1 = the newest), is_viewed, is_bought, bought_recency (1 = bought last; null where it was not
    bought), bought_days (since the last purchase).
    """
    known = resolved(interactions, people.where("may_be_profiled"))
    is_purchase = F.col("kind") == PURCHASE
    own = known.groupBy("customer_id", "product_id").agg(
        F.max("event_date").alias("last_date"),
        F.bool_or(F.col("kind") == VIEW).alias("is_viewed"),
        F.max(F.when(is_purchase, F.col("event_date"))).alias("bought_date"),
    )
    newest = W.partitionBy("customer_id").orderBy(F.col("last_date").desc(), "product_id")
    last_bought = W.partitionBy("customer_id").orderBy(F.col("bought_date").desc_nulls_last(), "product_id")
    is_bought = F.col("bought_date").isNotNull()
    return own.select(
        "customer_id",
        "product_id",
        F.row_number().over(newest).alias("recency"),
        "is_viewed",
        is_bought.alias("is_bought"),
        F.when(is_bought, F.row_number().over(last_bought)).alias("bought_recency"),
        F.date_diff(F.lit(as_of), "bought_date").alias("bought_days"),
    )


def histories(own: DataFrame, places: DataFrame, *, n_recent: int) -> DataFrame:
    """One row per customer: customer_id, seen (places), bought (place, days), recent (places, the newest first) and newest.

    `newest` are the `n_recent` newest products and the `n_recent` that were bought last as `related.Own`, also those without a place.

    Parameters
    ----------
    own
        Rows of `own_products`.
    places
        product_id, place. It is broadcast.
    """
    has_place, is_recent = F.col("place").isNotNull(), F.col("recency") <= n_recent
    is_newly_bought = F.coalesce(F.col("bought_recency") <= n_recent, F.lit(False))
    newest = F.struct(
        "product_id", "recency", "is_viewed", "is_bought", is_recent.alias("is_new"), is_newly_bought.alias("is_newly_bought")
    )
    bought = F.when(has_place & F.col("is_bought"), F.struct("place", F.col("bought_days").alias("days")))
    gathered = (
        own
        .join(F.broadcast(places), on="product_id", how="left")
        .groupBy("customer_id")
        .agg(
            F.sort_array(F.collect_list("place")).alias("seen"),
            F.collect_list(bought).alias("bought"),
            F.sort_array(F.collect_list(F.when(has_place & is_recent, F.struct("recency", "place")))).alias("recent"),
            F.collect_list(F.when(is_recent | is_newly_bought, newest)).alias("newest"),
        )
    )
    return gathered.withColumn("recent", F.transform("recent", lambda one: one["place"]))


def is_unclicked(*, as_of: date, timezone: str) -> Column:
    """Whether nobody had clicked on a row of silver.impressions before the as_of; a later click is in its row too."""
    return F.col("clicked_at").isNull() | (business_day(F.col("clicked_at"), timezone) >= F.lit(as_of))


def shown_lately(impressions: DataFrame, people: DataFrame, places: DataFrame, *, as_of: date, timezone: str) -> DataFrame:
    """One row per customer: customer_id, shown (place, days since): what they were shown and did not click.

    Parameters
    ----------
    impressions
        Rows of silver.impressions.
    people
        account_id, customer_id of those who may be profiled.
    """
    ignored = impressions.where(is_unclicked(as_of=as_of, timezone=timezone)).select("account_id", "product_id", "event_date")
    last = (
        ignored
        .join(people.select("account_id", "customer_id"), on="account_id", how="inner")
        .join(F.broadcast(places), on="product_id", how="inner")
        .groupBy("customer_id", "place")
        .agg(F.date_diff(F.lit(as_of), F.max("event_date")).alias("days"))
    )
    return last.groupBy("customer_id").agg(F.collect_list(F.struct("place", "days")).alias("shown"))


def groups_of(people: DataFrame, interactions: DataFrame, customer_segments: DataFrame) -> DataFrame:
    """One row per customer with a tier or a channel: customer_id, tier, channel.

    `channel` is the one of most events of the customer, and of equal ones the last by name.
    """
    used = (
        interactions
        .join(people.select("account_id", "customer_id", "channel"), on="account_id", how="inner")
        .where(F.col("channel").isNotNull())
        .groupBy("customer_id", "channel")
        .agg(F.sum("n_events").alias("n"))
        .groupBy("customer_id")
        .agg(F.max(F.struct("n", "channel"))["channel"].alias("channel"))
    )
    tiers = customer_segments.select("customer_id", "tier")
    return tiers.join(used, on="customer_id", how="full").select("customer_id", "tier", "channel")
