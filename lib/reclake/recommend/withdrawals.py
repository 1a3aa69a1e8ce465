"""Customers whose factors a model holds and who may no longer be profiled."""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reclake.behaviour.windows import is_valid_at


def not_allowed(learnt: DataFrame, allowed: DataFrame) -> DataFrame:
    """The customers of a model that may not be profiled, one row each: customer_id. A customer who is gone may not either.

    Parameters
    ----------
    learnt
        customer_id, each once: of whom the model holds factors.
    allowed
        customer_id of those who may be profiled (`privacy.consent.customers_open_to`).
    """
    return learnt.select("customer_id").join(allowed, on="customer_id", how="left_anti")


def withdrawn(left: DataFrame, identities: DataFrame, allowed: DataFrame, *, as_of: date) -> DataFrame:
    """Of the customers that left a model, those who withdrew: customer_id, one row each.

    A model names a customer as it was when it learnt. If that customer is part of another one by now, nobody withdrew: so
    each account that ever belonged to it is followed to the customer that it belongs to at the as_of. One of them who may
    not be profiled is enough; a customer of whom no account is left counts as withdrawn.

    Parameters
    ----------
    left
        customer_id (`not_allowed`).
    """
    ever = identities.where(F.col("valid_from") < F.lit(as_of)).select("customer_id", "account_id").distinct()
    now = identities.where(is_valid_at(as_of)).select("account_id", F.col("customer_id").alias("present"))
    may = allowed.select(F.col("customer_id").alias("present"), F.lit(True).alias("is_allowed"))
    followed = (
        left.join(ever, on="customer_id", how="left").join(now, on="account_id", how="left").join(may, on="present", how="left")
    )
    is_still_allowed = F.bool_and(F.coalesce("is_allowed", F.lit(False)))
    return (
        followed
        .groupBy("customer_id")
        .agg(is_still_allowed.alias("is_allowed"))
        .where(~F.col("is_allowed"))
        .select("customer_id")
    )
