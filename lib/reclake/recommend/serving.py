"""Whom lists are made for."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def customers_to_serve(people: DataFrame, interactions: DataFrame) -> DataFrame:
    """One row per customer with an account that is no mere device, or with any interaction: customer_id."""
    named = people.where(~F.col("is_device")).select("account_id")
    known = named.union(interactions.select("account_id")).distinct()
    return people.join(known, on="account_id", how="left_semi").select("customer_id").distinct()
