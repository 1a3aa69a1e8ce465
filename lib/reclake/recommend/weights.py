"""How strongly a customer's behaviour speaks for a product."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reclake.recommend.interface import KindWeights

SUMMED_DIGITS = 12  # after the point, of a weight that is added up
_LEAST_WEIGHT = 1e-6  # below it an interaction is too old to count; MLlib would make it a vector of nearly nothing


def resolved(interactions: DataFrame, people: DataFrame) -> DataFrame:
    """The interactions by the customer that the account belongs to: of those in `people` (account_id, customer_id).

    An anonymous device is a customer of its own until an identity ties it to a person. An account
    without an identity is nobody and left out; the gate of `silver.identities` looks for those.
    """
    customers = people.select("account_id", "customer_id")
    return interactions.join(customers, on="account_id", how="inner").select(
        "customer_id", "product_id", "event_date", "kind", "n_events"
    )


def pairs(interactions: DataFrame) -> DataFrame:
    """customer_id, product_id: one row per product that a customer has had to do with."""
    return interactions.select("customer_id", "product_id").distinct()


def interaction_weight(weights: KindWeights, *, as_of: date, half_life_days: float) -> Column:
    """Weight of the kind × events × ½^(age / half-life); the last day before `as_of` has age 0 days."""
    age_days = F.date_diff(F.lit(as_of), F.col("event_date")) - 1
    decay = F.pow(F.lit(0.5), age_days / F.lit(half_life_days))
    return weight_of_kind(weights) * F.col("n_events") * decay


def weight_of_kind(weights: KindWeights) -> Column:
    """How strongly one interaction of the kind speaks; a kind without a weight counts 0."""
    by_kind = F.create_map(*(F.lit(value) for kind, weight in dict(weights).items() for value in (kind, float(weight))))
    return F.coalesce(by_kind[F.col("kind")], F.lit(0.0))


def exact_sum(weight: Column) -> Column:
    """Sum of weights that is the same in any order of the rows: in decimals, 12 digits after the point."""
    # A sum of doubles depends on which partition arrives first, and would let equal products change places.
    return F.sum(weight.cast(f"decimal(26,{SUMMED_DIGITS})")).cast("double")


def customer_product_weights(interactions: DataFrame, weights: KindWeights, *, as_of: date, half_life_days: float) -> DataFrame:
    """One row per customer and product with a weight that counts: customer_id, product_id, weight.

    Reads the days before `as_of` only.
    """
    weight = interaction_weight(weights, as_of=as_of, half_life_days=half_life_days)
    return (
        interactions
        .where(F.col("event_date") < F.lit(as_of))
        .groupBy("customer_id", "product_id")
        .agg(exact_sum(weight).alias("weight"))
        .where(F.col("weight") > _LEAST_WEIGHT)
    )


def product_popularity(interactions: DataFrame, weights: KindWeights, *, as_of: date, half_life_days: float) -> DataFrame:
    """One row per product: product_id, popularity, the decayed weight of all interactions with it."""
    weight = interaction_weight(weights, as_of=as_of, half_life_days=half_life_days)
    return interactions.where(F.col("event_date") < F.lit(as_of)).groupBy("product_id").agg(exact_sum(weight).alias("popularity"))
